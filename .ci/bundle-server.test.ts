import { readFileSync } from 'node:fs';
import { assert, suite } from '#test';

const test = suite('.ci: the bundled server');

test('declares nothing with var: what the engine does not see as constant costs CPU in every operation', () => {
  const bundle = readFileSync(new URL('../zklab-server.js', import.meta.url), 'utf8');
  assert.equal(bundle.match(/^var .*/gm) ?? [], []);
  assert.match(bundle, /^const |^class /m);
});
