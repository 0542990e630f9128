import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { assert, suite } from '#test';
import { plugInProgram } from '../server/runtime/node/node-plug-ins.ts';

const test = suite('.ci: the bundled server');

const built = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

test('declares nothing with var: what the engine does not see as constant costs CPU in every operation', () => {
  const bundle = built('zklab-server-program.js');
  assert.equal(bundle.match(/^var .*/gm) ?? [], []);
  assert.match(bundle, /^const |^class /m);
});

test('holds off the memory reducer before the program is read, which is too late for it', () => {
  const started = built('zklab-server.js');
  assert.equal(
    [...started.matchAll(/^import .* from '(.*)'/gm)].map(([, module]) => module),
    ['node:v8'],
  );
  assert.match(started, /setFlagsFromString\(.*await import\('\.\/zklab-server-program\.js'\)/s);
});

test('whichever file starts plug-ins finds their program', () => {
  const bundled = readdirSync(new URL('..', import.meta.url)).filter(
    name => /^zklab-server.*\.js$/.test(name) && built(name).includes('plug-in-main.js'),
  );
  assert.ok(bundled.length > 0, 'a bundled file starts plug-ins');
  for (const name of [...bundled, 'server/runtime/node/node-plug-ins.js']) {
    const program = plugInProgram(new URL(`../${name}`, import.meta.url).href);
    assert.ok(existsSync(program), `${name}: ${program}`);
  }
});
