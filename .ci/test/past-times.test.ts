import { existsSync, readFileSync } from 'node:fs';
import { assert, suite } from '#test';
import { mostlyWaits, USUAL_FILE } from './past-times.ts';

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

test('a file mostly waits if it needed little more than half of one core; one that never ran may need more', () => {
  const times = { 'a.ts': { tookMs: 100, cpuMs: 54 }, 'b.ts': { tookMs: 100, cpuMs: 56 } };
  const waits = (name: string) => mostlyWaits({ name, path: name, ensemble: true }, times);
  assert.equal([waits('a.ts'), waits('b.ts'), waits('c.ts')], [true, false, false]);
});
