import { assert, suite } from '#test';
import type { Clock } from '../runtime/runtime.ts';
import { CONTAINER_OWNER } from '../tree/owner.ts';
import { SessionIds } from './session-ids.ts';

const test = suite('sessions: ids of a process');

function idsAt(serverId: number, wallMs: number): SessionIds {
  return new SessionIds(serverId, { wallMs: () => wallMs } as Clock);
}

test('each id is one more than the last', () => {
  const ids = idsAt(4, 0x1159e8);
  assert.equal([ids.next(), ids.next()], [0x0400_0011_59e8_0000n, 0x0400_0011_59e8_0001n]);
});

test('no session has the id that owns containers, not even the first of server 128', () => {
  const wrapsMs = 2 ** 40;
  assert.is(idsAt(128, wrapsMs).next(), CONTAINER_OWNER + 1n);
});
