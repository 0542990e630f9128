import { assert, suite } from '#test';
import type { ServerConfig } from '../../config/server-config.ts';
import type { Request, RequestOrigin } from '../../processors/request.ts';
import type { ServerParts } from '../../processors/zookeeper-server.ts';
import { VirtualClock } from '../../runtime/virtual/virtual-clock.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { LeaderSessions } from './leader-sessions.ts';

const test = suite('master: sessions of an ensemble');

const [OWN, LEARNER] = [{}, {}];
const UNKNOWN = { sessionHigh: 1, sessionLow: 9, origin: null, isLocalSession: false };

function sessions(localSessionsEnabled: boolean): LeaderSessions {
  const config = { localSessionsEnabled, tickTimeMs: 100 } as ServerConfig;
  const database = { sessionTimeouts: new Map() };
  const parts = { clock: new VirtualClock(), config, database };
  return new LeaderSessions(parts as unknown as ServerParts, OWN, () => {});
}

const check = (kept: LeaderSessions, request: object) =>
  kept.check({ ...UNKNOWN, ...request } as unknown as Request);

test('only the leader itself removes an empty container: no client, and no learner, whoever forwards it', () => {
  const kept = sessions(false);
  const op = OpCode.deleteContainer;
  assert.is(check(kept, { op, owner: OWN }), ErrorCode.OK);
  assert.is(check(kept, { op, owner: LEARNER }), ErrorCode.UNIMPLEMENTED);
  assert.is(check(kept, { op, owner: OWN, origin: {} as RequestOrigin }), ErrorCode.UNIMPLEMENTED);
});

test('ZOOKEEPER-1147: a session that the leader does not know is local to the learner that forwards its request', () => {
  const op = OpCode.setData;
  assert.is(check(sessions(true), { op, owner: LEARNER }), ErrorCode.OK);
  assert.is(check(sessions(true), { op, owner: OWN }), ErrorCode.SESSIONEXPIRED);
  assert.is(check(sessions(false), { op, owner: LEARNER }), ErrorCode.SESSIONEXPIRED);
});
