/** A leader that reconfigures its ensemble, packet by packet. */
import { assert, suite } from '#test';
import { body } from '../../memory-client.test-kit.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { JuteReader } from '../../wire/jute.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { PacketType } from '../../wire/quorum-packet.ts';
import { writeReconfigRequest } from '../../wire/requests.ts';
import { type Peer, type StageOptions, SYNC_LIMIT_MS } from '../../zab/peer.test-kit.ts';
import { codeOf, e2, NEWLEADER, openSession, Play, requestData } from './leader.test-kit.ts';

const test = suite('quorum: a leader that reconfigures');

const { ACK, REQUEST } = PacketType;
const ENABLED: StageOptions = { settings: 'reconfigEnabled=true\nskipACL=yes\n' };
const RECONFIG = `0x${e2(2).toString(16)}`;
const PROPOSAL = `PROPOSAL ${RECONFIG}`;
const COMMITANDACTIVATE = `COMMITANDACTIVATE ${RECONFIG}`;

/** Followers 2 and 3 and observer 4 serve, and 2 has a session. */
function established(): { play: Play; two: Peer; three: Peer; observer: Peer } {
  const play = new Play([], ENABLED);
  const two = play.serve(2);
  const three = play.serveAlso(3);
  const observer = play.observe(4);
  openSession(two);
  play.stage.settle();
  for (const peer of [two, three]) peer.send(ACK, e2(1));
  for (const peer of [two, three, observer]) peer.told();
  return { play, two, three, observer };
}

function reconfigure(
  follower: Peer,
  asked: { joining?: string; leaving?: string; newMembers?: string },
): void {
  const request = { joining: null, leaving: null, newMembers: null, curConfigId: -1, ...asked };
  follower.send(
    REQUEST,
    -1,
    requestData(OpCode.reconfig, 1, w => writeReconfigRequest(w, request)),
  );
}

const leaderIn = (data: Buffer | undefined) => new JuteReader(data!).readLong();

test('the first leader numbers the configuration, and NEWLEADER tells the others', () => {
  const play = new Play([], ENABLED);
  const two = play.serve(2);
  const named = String(two.data.get(NEWLEADER));
  assert.match(named, /\nversion=200000000$/);
  assert.is(play.stage.context.membership.committed.verifier.text, named);
});

test('without reconfigEnabled it keeps the version of its file', () => {
  const play = new Play();
  assert.match(String(play.serve(2).data.get(NEWLEADER)), /\nversion=0$/);
});

test('a reconfiguration is committed with its leader: COMMITANDACTIVATE to followers, INFORMANDACTIVATE to observers', () => {
  const { play, two, three, observer } = established();
  reconfigure(two, { leaving: '3' });
  assert.equal([two.told(), three.told(), observer.told()], [[PROPOSAL], [PROPOSAL], []]);
  three.send(ACK, e2(2));
  assert.equal(two.told(), [], '3 is a quorum with the leader by the old configuration alone');
  two.send(ACK, e2(2));
  assert.equal([two.told(), three.told()], [[COMMITANDACTIVATE], [COMMITANDACTIVATE]]);
  const inform = `INFORMANDACTIVATE ${RECONFIG}`;
  assert.equal(observer.told(), [inform]);
  assert.is(leaderIn(two.data.get(COMMITANDACTIVATE)), 1);
  assert.is(two.data.get(COMMITANDACTIVATE)!.length, 8);
  const informed = observer.data.get(inform)!;
  assert.is(leaderIn(informed), 1);
  assert.ok(informed.subarray(8).equals(two.data.get(PROPOSAL)!), 'the transaction as it was proposed');
  const [{ text, leader } = { text: '', leader: null }] = play.stage.activations.slice(1);
  assert.equal([text.split('\n').at(-1), leader], [`version=${e2(2).toString(16)}`, 1]);
});

test('proposals behind a reconfiguration wait for both quorums until it is in force, and then for the new one', () => {
  const { two, three } = established();
  reconfigure(two, { leaving: '3' });
  two.send(
    REQUEST,
    -1,
    requestData(OpCode.sync, 2, w => void w.writeString('/')),
  );
  three.told();
  three.send(ACK, e2(2));
  assert.equal(
    two.told().filter(packet => !packet.startsWith('PROPOSAL')),
    [],
    'neither the commit nor the answer to the sync',
  );
  two.send(ACK, e2(2));
  assert.equal(two.told(), [COMMITANDACTIVATE, 'SYNC 0x0']);
});

test('no client writes over /zookeeper/config while a reconfiguration is pending: after a restart only the log names it', () => {
  const { two } = established();
  reconfigure(two, { leaving: '3' });
  two.told();
  const write = body.setData('/zookeeper/config', 'mine');
  two.send(
    REQUEST,
    -1,
    requestData(OpCode.setData, 2, w => void write(w)),
  );
  const [proposal = ''] = two.told();
  assert.is(codeOf(two, proposal), ErrorCode.RECONFIGINPROGRESS);
});

test('NEWLEADER does not name a configuration that is only proposed: a learner would put it in force', () => {
  const { play, two, three } = established();
  reconfigure(two, { leaving: '3' });
  two.told();
  three.destroy();
  play.stage.settle();
  const again = play.follower(3, 2);
  again.told();
  again.sendAckEpoch(e2(1), 2);
  assert.equal(again.told().at(-1), NEWLEADER);
  assert.match(String(again.data.get(NEWLEADER)), /\nversion=200000000$/);
  again.send(ACK, e2(0));
  assert.equal(again.told(), ['UPTODATE 0x-1', PROPOSAL], 'it hears of it as a proposal');
});

test('a leader that is removed names a successor, commits nothing more, and leaves when the successor has left it', () => {
  const { play, two, three } = established();
  reconfigure(two, { leaving: '1' });
  for (const peer of [two, three]) peer.told();
  three.send(ACK, e2(2));
  two.send(ACK, e2(2));
  two.told();
  assert.is(leaderIn(two.data.get(COMMITANDACTIVATE)), 3);
  two.send(
    REQUEST,
    -1,
    requestData(OpCode.sync, 2, w => void w.writeString('/')),
  );
  assert.equal(two.told(), []);
  two.destroy();
  play.stage.settle();
  assert.is(play.stage.ended, null, 'the successor may not have heard of it');
  three.destroy();
  play.stage.settle();
  assert.match(play.stage.ended ?? '', /another leader/);
});

test('a removed leader leaves after syncLimit if the successor stays', () => {
  const { play, two, three } = established();
  for (const peer of [two, three]) peer.answersPings = true;
  reconfigure(two, { leaving: '1' });
  for (const peer of [two, three]) peer.told();
  for (const peer of [two, three]) peer.send(ACK, e2(2));
  two.told();
  assert.is(play.stage.ended, null);
  play.stage.time.advance(SYNC_LIMIT_MS);
  assert.match(play.stage.ended ?? '', /another leader/);
});

test('a configuration without a synced quorum is not proposed', () => {
  const { play, two } = established();
  const lines = [1, 7, 8].map(sid => `server.${sid}=zk${sid}:2888:3888;2181`).join('\n');
  reconfigure(two, { newMembers: lines });
  two.told();
  const { committed, lastSeen } = play.stage.context.membership;
  assert.is(lastSeen, committed);
});
