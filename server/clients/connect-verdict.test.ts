import { assert, suite } from '#test';
import { sessionPassword } from '../sessions/session-id.ts';
import type { ConnectRequest } from '../wire/connect.ts';
import { judgeConnectRequest } from './connect-verdict.ts';

const test = suite('clients: the first frame');

const ID = 0x0100_0000_0000_0001n;
const TIMEOUTS = { minMs: 400, maxMs: 4000 };
const LAST_ZXID = 0x1_0000_0005;

function judge(fields: Partial<ConnectRequest>): unknown {
  const request: ConnectRequest = {
    protocolVersion: 0,
    lastZxidSeen: 0,
    timeoutMs: 1000,
    sessionId: 0n,
    password: null,
    readOnly: false,
    ...fields,
  };
  return judgeConnectRequest(request, { lastProcessedZxid: LAST_ZXID, isReadOnly: false }, TIMEOUTS);
}

test('a new session, and one that comes back with its password', () => {
  assert.equal(judge({}), { kind: 'open', timeoutMs: 1000 });
  assert.equal(judge({ password: Buffer.alloc(16, 9) }), { kind: 'open', timeoutMs: 1000 });
  assert.equal(judge({ sessionId: ID, password: sessionPassword(ID) }), { kind: 'renew', timeoutMs: 1000 });
});

test('any other password refuses the session', () => {
  for (const password of [
    null,
    Buffer.alloc(0),
    Buffer.alloc(16),
    sessionPassword(ID + 1n),
    sessionPassword(ID).subarray(1),
  ]) {
    assert.equal(judge({ sessionId: ID, password }), {
      kind: 'refuse',
      reason: 'wrong password for a session',
    });
  }
});

test('a client that has seen later zxids is closed without a reply, with or without a session', () => {
  const reason = 'client has seen zxid 0x100000006, this server 0x100000005';
  for (const sessionId of [0n, ID]) {
    assert.equal(judge({ sessionId, lastZxidSeen: LAST_ZXID + 1 }), { kind: 'close', reason });
  }
  assert.equal(judge({ lastZxidSeen: LAST_ZXID }), { kind: 'open', timeoutMs: 1000 });
  assert.equal(judge({ lastZxidSeen: -1 }), { kind: 'open', timeoutMs: 1000 });
});

test('timeouts are clamped, whatever was asked', () => {
  const clamped = [-0x8000_0000, 0, 399, 400, 4000, 4001, 0x7fff_ffff].map(
    timeoutMs => (judge({ timeoutMs }) as { timeoutMs: number }).timeoutMs,
  );
  assert.equal(clamped, [400, 400, 400, 400, 4000, 4000, 4000]);
});
