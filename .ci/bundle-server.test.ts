import { readFileSync } from 'node:fs';
import { assert, suite } from '#test';

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
