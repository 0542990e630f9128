import { assert, suite } from '#test';
import { Request } from '../processors/request.ts';
import { OpCode } from '../wire/opcodes.ts';
import { COUNTER_MAX, makeZxid } from '../wire/zxid.ts';
import { type Broadcast, LeaderZooKeeperServer } from './leader-zookeeper-server.ts';
import { Stage } from './peer.test-kit.ts';
import { serverParts } from './peer-context.ts';

const test = suite('quorum: the server of a leader');

/** A leader of epoch 2 whose last zxid is given, with what it tells the others. */
function leaderAt(zxid: number) {
  const stage = new Stage();
  stage.database.startEpoch(zxid);
  const told: string[] = [];
  const broadcast: Broadcast = {
    propose: packet => void told.push(`PROPOSAL 0x${packet.zxid.toString(16)}`),
    commit: packets => void told.push(...packets.map(packet => `COMMIT 0x${packet.zxid.toString(16)}`)),
    stepDown: reason => void told.push(reason),
  };
  const { verifier, sessionIds } = stage.context;
  const role = { mode: 'leader', sid: 1, sessionIds, verifier, broadcast, zxid } as const;
  const server = new LeaderZooKeeperServer(serverParts(stage.context), role);
  return { stage, server, told };
}

function closeSession(session: number): Request {
  return new Request({
    sessionHigh: 0,
    sessionLow: session,
    cxid: 1,
    op: OpCode.closeSession,
    bytes: Buffer.alloc(0),
    start: 0,
    end: 0,
    owner: {},
    origin: null,
    identities: () => [],
    arrivedMs: 0,
  });
}

test('the counter of an epoch ends: nothing is proposed with 0xffffffff, which Apache takes for rolled over, nor behind it', () => {
  const { server, told } = leaderAt(makeZxid(2, COUNTER_MAX - 2));
  server.submit(closeSession(1));
  assert.equal(told.splice(0), ['PROPOSAL 0x2fffffffe']);
  for (let i = 0; i < 2; i++) server.submit(closeSession(2));
  assert.ok(told.length > 0);
  for (const line of told) assert.match(line, /counter of this epoch is used up/);
  assert.is(server.lastProposed, makeZxid(2, COUNTER_MAX - 1));
});

test('an ack that comes late takes nothing back from the one before it', () => {
  const { stage, server, told } = leaderAt(makeZxid(2, 0));
  stage.machine.disk.syncDelayMs = 500;
  for (let session = 1; session <= 3; session++) server.submit(closeSession(session));
  for (const counter of [3, 1]) server.ack(2, makeZxid(2, counter));
  stage.time.advance(600);
  assert.equal(told.slice(3), ['COMMIT 0x200000001', 'COMMIT 0x200000002', 'COMMIT 0x200000003']);
});
