import { existsSync, readFileSync } from 'node:fs';
import { assert, suite } from '#test';
import { coresUsedBy, USUAL_FILE } from './past-times.ts';

const test = suite('tests: usual times');

test('each file with a usual time exists, and has ensembles', () => {
  const usual = Object.entries(JSON.parse(readFileSync(USUAL_FILE, 'utf8')));
  const wrong = usual.filter(
    ([name, times]) =>
      !(
        existsSync(name) &&
        name.endsWith('.ensemble.test.ts') &&
        Array.isArray(times) &&
        times.every(time => time > 0)
      ),
  );
  assert.equal(wrong, []);
});

test('a file keeps as much of a core busy as it did before; one that never ran may need all of it', () => {
  const times = { 'a.ts': { tookMs: 100, cpuMs: 54 }, 'b.ts': { tookMs: 100, cpuMs: 150 } };
  const cores = (name: string) => coresUsedBy({ name, path: name, ensemble: true }, times);
  assert.equal(['a.ts', 'b.ts', 'c.ts'].map(cores), [0.54, 1.5, 1]);
});
