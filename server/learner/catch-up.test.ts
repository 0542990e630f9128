import { assert, suite } from '#test';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import { TURN_UNITS } from '../turns/turn-budget.ts';
import { TurnQueue } from '../turns/turn-queue.ts';
import { CatchUp } from './catch-up.ts';

const test = suite('learner: bringing memory level with the log');

/** Size of a transaction of which a turn has room for two. */
const BYTES = (TURN_UNITS / 2) * 16;
const COUNT = 7;

function rig() {
  const clock = new VirtualClock();
  const log = { read: 0, isOpen: true };
  const database = {
    lastLoggedZxid: COUNT,
    *fastForwarding(): Generator<number, number> {
      try {
        for (; log.read < COUNT; log.read++) yield BYTES;
        return COUNT;
      } finally {
        log.isOpen = false;
      }
    },
  };
  const readers = { holdsBackSyncs: false, mayApply: true, apply: () => {}, treeReplaced: () => {} };
  const parts = { database: database as unknown as ZkDatabase, clock, turns: new TurnQueue(clock), readers };
  const done: number[] = [];
  const catchUp = new CatchUp(parts, count => void done.push(count));
  return { clock, log, done, catchUp };
}

test('a long log takes several turns', () => {
  const { clock, log, done, catchUp } = rig();
  catchUp.start();
  assert.ok(log.read > 0 && log.read < COUNT, `${log.read} in the first turn`);
  assert.equal(done, []);
  clock.advance(1);
  assert.equal([log.read, log.isOpen, done], [COUNT, false, [COUNT]]);
});

test('a member that stops reads no further and closes its log', () => {
  const { clock, log, done, catchUp } = rig();
  catchUp.start();
  const { read } = log;
  catchUp.stop();
  assert.not(log.isOpen);
  clock.advance(1);
  assert.equal([log.read, done], [read, []]);
});
