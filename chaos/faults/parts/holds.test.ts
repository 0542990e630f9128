import { assert, suite } from '#test';
import { Holds } from './holds.ts';

const test = suite('faults: a member that several faults keep down');

function memberWith(...restarts: ((self: { pid: number }) => Promise<void>)[]) {
  const self = { pid: 1, restarts: 0 };
  const member = {
    pid: () => self.pid,
    restart: () => restarts[self.restarts++]?.(self) ?? Promise.resolve(),
  };
  return { self, member };
}

test('the heal of one fault leaves it down for the other; the last one restarts it', async () => {
  const { self, member } = memberWith();
  const holds = new Holds();
  const [first, second] = [holds.hold(), holds.hold()];
  first();
  first();
  await holds.restart(member);
  assert.is(self.restarts, 0, 'letting go twice counts once');
  second();
  await holds.restart(member);
  assert.is(self.restarts, 1);
});

test('a fault that takes the member down again while it comes back does not fail the heal', async () => {
  const holds = new Holds();
  const { self, member } = memberWith(async () => {
    holds.hold();
    throw new Error('1 of 1 members ended');
  });
  await holds.restart(member);
  assert.is(self.restarts, 1);
});

test('one that was killed and started again by another fault meanwhile is waited for', async () => {
  const { self, member } = memberWith(async each => {
    await Promise.resolve();
    each.pid = 2;
    throw new Error('1 of 1 members ended');
  });
  await new Holds().restart(member);
  assert.is(self.restarts, 2);
});

test('planted: a member that ends although nobody took it is a failed heal', async () => {
  const { member } = memberWith(async () => {
    throw new Error('1 of 1 members ended');
  });
  const error = await new Holds().restart(member).catch((reason: Error) => reason.message);
  assert.is(error, '1 of 1 members ended');
});
