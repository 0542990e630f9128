import { assert, suite } from '#test';
import { Healing } from './healing.ts';

const test = suite('healing');

test('healing undoes the last step first, and each step once', async () => {
  const done: number[] = [];
  const healing = new Healing();
  for (const step of [1, 2, 3]) healing.add(async () => void done.push(step));
  await Promise.all([healing.heal(), healing.heal()]);
  await healing.heal();
  assert.equal(done, [3, 2, 1]);
});

test('healing tries a failed step again, because a port may be taken for a moment', async () => {
  let attempts = 0;
  const healing = new Healing();
  healing.add(async () => {
    attempts += 1;
    if (attempts < 3) throw new Error('address already in use');
  });
  await healing.heal();
  assert.is(attempts, 3);
});

test('healing tries every step before it fails, and only the failed ones the next time', async () => {
  const done: number[] = [];
  let broken = true;
  const healing = new Healing();
  healing.add(async () => void done.push(1));
  healing.add(async () => {
    if (broken) throw new Error('still broken');
    done.push(2);
  });
  assert.match(await healing.heal().then(String, String), 'a fault was not healed: still broken');
  assert.equal(done, [1]);
  broken = false;
  await healing.heal();
  assert.equal(done, [1, 2]);
});

test('steps that wait for each other are undone together', async () => {
  let waiting = 0;
  const healing = new Healing('together');
  for (let step = 0; step < 3; step++)
    healing.add(async () => {
      waiting += 1;
      while (waiting < 3) await new Promise(setImmediate);
    });
  await healing.heal();
  assert.is(waiting, 3);
});
