import { assert, suite } from '#test';
import { simulation, smoke } from './lab-steps.ts';

const test = suite('.ci: steps of the lab');

/** Gives these exit codes, one after the other, and keeps what was run. */
function zklabGiving(...codes: number[]) {
  const ran: string[] = [];
  const zklab = async (words: readonly string[]) => {
    ran.push(words.join(' '));
    return codes.shift() ?? 0;
  };
  return { ran, zklab };
}

test('a seed that failed fails the check, and so does a simulation that showed nothing or could not run', async () => {
  for (const code of [1, 2, 3, 137]) {
    const { isGood, said } = await simulation.run(zklabGiving(code).zklab);
    assert.equal([isGood, said], [false, 'failed'], `exit code ${code}`);
  }
  assert.is((await simulation.run(zklabGiving(0).zklab)).isGood, true);
});

test('a schedule that failed, or ended with an unknown exit code, fails the check at once', async () => {
  for (const code of [1, 2, 137]) {
    const { ran, zklab } = zklabGiving(code);
    assert.is((await smoke.run(zklab)).isGood, false, `exit code ${code}`);
    assert.equal(ran, ['chaos smoke --seed 5']);
  }
});

test('a void schedule runs once more, and that result counts; a second void is only reported', async () => {
  assert.is((await smoke.run(zklabGiving(3, 0).zklab)).isGood, true);
  assert.is((await smoke.run(zklabGiving(3, 1).zklab)).isGood, false);
  const { ran, zklab } = zklabGiving(3, 3);
  const { isGood, said } = await smoke.run(zklab);
  assert.is(isGood, true);
  assert.match(said, /^NOT SHOWN/);
  assert.is(ran.length, 2);
});
