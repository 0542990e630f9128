import { assert, suite } from '#test';
import type { ServerCnxn } from '../processors/server-cnxn.ts';
import { createPacket } from '../storage/storage.test-kit.ts';
import { JuteWriter } from '../wire/jute.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { e2, type Play, serve } from './learner.test-kit.ts';

/**
 * Apache's leader answers REVALIDATE at once, and not behind what is outstanding as ours does, so the learner
 * itself has to wait. With Apache's leader 18 of 30 clients got the answer to an earlier write (kazoo begins
 * its cxids anew), and 19 of 30 that came back while their session was upgraded heard that it had expired.
 */
const test = suite('quorum: a client that comes back to a learner whose leader answers at once');

const { COMMIT, PROPOSAL, REVALIDATE, SYNC } = PacketType;
const SESSION = { sessionId: 5n, sessionHigh: 0, sessionLow: 5, timeoutMs: 4000 };

function clientOf({ stage }: Play, said: string[], members: Partial<ServerCnxn> = {}): ServerCnxn {
  const client = {
    ...SESSION,
    established: () => void said.push('established'),
    refused: () => void said.push('refused'),
    headWrite: () => null,
    ...members,
  } as Partial<ServerCnxn> as ServerCnxn;
  stage.serving!.addConnection(client);
  return client;
}

function comesBack(play: Play): void {
  const { stage, master } = play;
  const said: string[] = [];
  stage.serving!.renewSession(clientOf(play, said), SESSION.sessionId, SESSION.timeoutMs);
  assert.equal(master.told(), ['REQUEST 0x-1'], 'the sync');
  master.sendTxn(PROPOSAL, createPacket(e2(1))).send(COMMIT, e2(1));
  assert.equal(master.told(), [`ACK 0x${e2(1).toString(16)}`]);
  master.send(SYNC, 0);
  assert.equal(master.told(), ['REVALIDATE 0x-1']);
  assert.equal(said, []);
  master.send(REVALIDATE, -1, new JuteWriter().writeLong(5).writeByte(1).toBuffer());
  stage.settle();
  assert.equal(said, ['established']);
}

test('a returning session waits for the answers to requests of its former connection', () => {
  const play = serve('follower');
  const server = play.stage.serving!;
  const closed: string[] = [];
  const former = clientOf(play, [], {
    close: reason => {
      closed.push(reason);
      server.leftBehind(SESSION.sessionHigh, SESSION.sessionLow, 1, 100);
    },
  });
  server.bindSession(former);
  comesBack(play);
  assert.equal(closed, ['the session came back on another connection']);
});

test('ZOOKEEPER-1147: a session that has just become global waits until the leader knows it', () => {
  const play = serve('follower');
  play.stage.serving!.upgradeSession(clientOf(play, []));
  assert.equal(play.master.told(), ['REQUEST 0x-1'], 'the createSession');
  comesBack(play);
});
