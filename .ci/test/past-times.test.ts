import { existsSync, readFileSync } from 'node:fs';
import { assert, suite } from '#test';

const test = suite('tests: usual times');

test('each file with a usual time exists, and has ensembles', () => {
  const usual = JSON.parse(readFileSync('.ci/test/usual-seconds.json', 'utf8')) as Record<string, number>;
  const wrong = Object.entries(usual).filter(
    ([name, seconds]) => !(existsSync(name) && name.endsWith('.ensemble.test.ts') && seconds > 0),
  );
  assert.equal(wrong, []);
});
