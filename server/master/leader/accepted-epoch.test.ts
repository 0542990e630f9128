import { assert, suite } from '#test';
import { MemoryClient } from '../../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../../memory-ensemble.test-kit.ts';
import type { Connection } from '../../runtime/runtime.ts';
import { VirtualClock } from '../../runtime/virtual/virtual-clock.ts';
import { encodeEpochAnswer } from '../../wire/election-message.ts';
import { EPOCH_MAX, makeZxid } from '../../wire/zxid.ts';
import {
  CONFIRMED_EPOCH_JUMP_MAX,
  OBSERVER_EPOCH_JUMP_MAX,
  VOTER_EPOCH_JUMP_MAX,
} from '../../zab/epoch-claims.ts';
import { TICK_MS } from '../../zab/peer.test-kit.ts';
import { Play } from './leader.test-kit.ts';
import { Leader } from './leader.ts';

const test = suite('quorum: claims of accepted epochs');

const ELECTION_PORT = 3888;
/** One below the last epoch that another epoch can follow. */
const FAR = EPOCH_MAX - 1;
const leaderInfo = (epoch: number) => [`LEADERINFO 0x${makeZxid(epoch, 0).toString(16)}`];

/**
 * Plays the election port of a member: sends `answer` to each connection, or nothing for null. Returns a
 * count of the connections.
 */
function playElectionPort(play: Play, sid: number, answer: Buffer | null): { count: number } {
  const asked = { count: 0 };
  const { network, time } = play.stage;
  const onConnection = (connection: Connection) => {
    asked.count++;
    connection.start({
      onData: () => {
        if (answer !== null) connection.write(answer);
      },
      onClose: () => {},
    });
  };
  const onError = (error: Error) => assert.unreachable(error.message);
  network
    .host(`zk${sid}`, new VirtualClock(time))
    .listen({ host: `zk${sid}`, port: ELECTION_PORT }, { onListening: () => {}, onConnection, onError });
  return asked;
}

const confirms = (play: Play, sid: number, acceptedEpoch: number, as = sid) =>
  playElectionPort(play, sid, encodeEpochAnswer({ sid: as, acceptedEpoch }));

test('field report A5: one claim of an epoch far ahead moves nothing, whichever member makes it', () => {
  const play = new Play();
  const observer = play.observer(4, FAR);
  const voter = play.follower(3, FAR);
  play.stage.settle();
  assert.ok(voter.closed !== null, 'the voter is sent away');
  assert.equal(play.follower(2).told(), leaderInfo(2));
  assert.equal(observer.told(), leaderInfo(2), 'an observer is answered as ever');
  assert.is(play.stage.epochs.acceptedEpoch, 2);
});

test('field report A5: the leader believes a voter that is thousands of elections ahead, and no more', () => {
  const most = 1 + VOTER_EPOCH_JUMP_MAX;
  assert.equal(new Play().follower(2, most).told(), leaderInfo(most + 1));
  const refused = new Play().follower(2, most + 1);
  assert.equal(refused.told(), []);
  assert.ok(refused.closed !== null);
});

test('field report A5: an observer moves the epoch only a little', () => {
  for (const [said, epoch] of [
    [1 + OBSERVER_EPOCH_JUMP_MAX, 2 + OBSERVER_EPOCH_JUMP_MAX],
    [2 + OBSERVER_EPOCH_JUMP_MAX, 2],
  ] as const) {
    const play = new Play();
    play.observer(4, said);
    play.stage.settle();
    assert.equal(play.follower(2).told(), leaderInfo(epoch));
  }
});

test('field report A5: an epoch that a voter confirms at its own address is believed when it returns, if a history can be that long', () => {
  for (const [accepted, believed] of [
    [1 + CONFIRMED_EPOCH_JUMP_MAX, true],
    [2 + CONFIRMED_EPOCH_JUMP_MAX, false],
  ] as const) {
    const play = new Play();
    confirms(play, 2, accepted);
    const first = play.follower(2, accepted);
    assert.equal(first.told(), []);
    assert.ok(first.closed !== null);
    const again = play.follower(2, accepted);
    assert.equal(again.told(), believed ? leaderInfo(accepted + 1) : []);
  }
});

test('seed 900177: a leader steps down for a voter that has accepted a later epoch, once the voter confirms it', () => {
  const play = new Play();
  play.serve();
  confirms(play, 3, 9);
  const three = play.follower(3, 9);
  assert.equal(three.told(), leaderInfo(2), 'as upstream: the voter will not have it');
  play.stage.wait(() => play.stage.ended !== null, 'the leader to make room');
  assert.match(play.stage.ended!, /voter 3 has accepted epoch 9/);
  // Whichever other voter comes first, the next epoch is above what the voter said.
  const next = new Leader(play.stage.context, () => {});
  next.start(() => {});
  play.stage.settle();
  assert.equal(play.follower(2, 2).told(), leaderInfo(10));
});

test('seed 900177: a stranger that claims a later epoch for a voter ends no leadership', () => {
  const rows: [string, (play: Play) => unknown][] = [
    ['nobody is there', () => {}],
    ['the voter knows nothing of it', play => confirms(play, 3, 1)],
    ['the epoch is that of the leader', play => confirms(play, 3, 2)],
    ['another server answers', play => confirms(play, 3, 9, 5)],
    ['an epoch that no history explains', play => confirms(play, 3, 3 + CONFIRMED_EPOCH_JUMP_MAX)],
    ['the last epoch', play => confirms(play, 3, EPOCH_MAX)],
    ['half an answer', play => playElectionPort(play, 3, Buffer.alloc(15))],
    ['silence', play => playElectionPort(play, 3, null)],
  ];
  for (const [title, prepare] of rows) {
    const play = new Play();
    const two = play.serve();
    prepare(play);
    play.follower(3, 9);
    play.observer(3, 9);
    play.follower(77, 9);
    for (let at = 0; at < 4; at++) {
      two.send(5, 0, Buffer.alloc(0));
      play.stage.time.advance(TICK_MS);
    }
    assert.is(play.stage.ended, null, title);
    assert.ok(play.leading, title);
  }
});

test('seed 900177: a voter is asked at most once a tick, whatever is claimed for it, and not at all while it follows', () => {
  const play = new Play();
  play.serve();
  const absent = confirms(play, 3, 1);
  const following = confirms(play, 2, 1);
  for (let at = 0; at < 20; at++) {
    play.follower(3, 9 + at);
    play.follower(2, 9 + at);
  }
  play.stage.settle();
  assert.is(absent.count, 1);
  assert.is(following.count, 0);
  play.stage.time.advance(TICK_MS);
  play.follower(3, 9);
  play.stage.settle();
  assert.is(absent.count, 2);
});

function writeEpoch(
  ensemble: MemoryEnsemble,
  sid: number,
  name: 'acceptedEpoch' | 'currentEpoch',
  epoch: number,
) {
  const file = ensemble.machine(sid).disk.open(`/data/version-2/${name}`, 'w');
  file.writeAt(0, Buffer.from(String(epoch)));
  file.close();
}

const serves = (ensemble: MemoryEnsemble, sid: number) => ensemble.server(sid).view.serving !== null;
const endsOf = (ensemble: MemoryEnsemble, sid: number) =>
  ensemble.events.get(sid)!.filter(event => event.kind === 'learningEnds');
const epochOf = (ensemble: MemoryEnsemble, sid: number) =>
  ensemble.server(sid).view.peer!.epochs.currentEpoch;

test('seed 900177: a voter that accepted an abandoned epoch is back before another member fails', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  const voter = ensemble.sids.find(sid => sid !== ensemble.leader)!;
  ensemble.kill(voter);
  writeEpoch(ensemble, voter, 'acceptedEpoch', 6);
  MemoryClient.open(ensemble, ensemble.leader).create('/a');
  ensemble.boot(voter);
  ensemble.wait(() => ensemble.sids.every(sid => serves(ensemble, sid)), 'all three to serve');
  assert.equal(
    ensemble.sids.map(sid => epochOf(ensemble, sid)),
    [7, 7, 7],
  );
  assert.is(MemoryClient.open(ensemble, voter).get('/a'), '');
});

test('field report A5: a quorum of two serves though one is a hundred thousand elections ahead, whichever of them leads', () => {
  for (const isAhead of ['leader', 'follower'] as const) {
    const ensemble = new MemoryEnsemble({ voters: 3 }).start();
    const [low, high] = [1, 2];
    for (const sid of ensemble.sids) ensemble.kill(sid);
    // Nothing was written, so the higher of the two ids leads.
    writeEpoch(ensemble, isAhead === 'leader' ? high : low, 'acceptedEpoch', 100_000);
    ensemble.boot(low, high);
    ensemble.wait(() => serves(ensemble, low) && serves(ensemble, high), 'both to serve');
    assert.is(ensemble.leader, high);
    assert.equal([epochOf(ensemble, low), epochOf(ensemble, high)], [100_001, 100_001], isAhead);
  }
});

test('field report A5: a voter whose file no history explains stays out and asks once a tick; the leader logs what to do', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  const { leader } = ensemble;
  const voter = ensemble.sids.find(sid => sid !== leader)!;
  ensemble.kill(voter);
  writeEpoch(ensemble, voter, 'acceptedEpoch', 2 * CONFIRMED_EPOCH_JUMP_MAX);
  ensemble.boot(voter);
  const ticks = 50;
  ensemble.time.advance(ticks * TICK_MS);
  const refused = endsOf(ensemble, voter).filter(({ reason }) =>
    /older than the accepted epoch/.test(reason),
  );
  assert.ok(refused.length > 5 && refused.length <= ticks, `${refused.length} times`);
  assert.is(ensemble.leader, leader);
  const advice =
    /server \d says that it has accepted epoch 262144.*until its file acceptedEpoch is put right/;
  assert.is(ensemble.messages(leader, 'error').filter(line => advice.test(line)).length, 1, 'once');
  ensemble.kill(voter);
  writeEpoch(ensemble, voter, 'acceptedEpoch', epochOf(ensemble, leader));
  ensemble.boot(voter);
  ensemble.wait(() => serves(ensemble, voter), 'the voter, put right');
  assert.is(ensemble.leader, leader);
});

test('an observer that accepted an abandoned epoch observes at once: nobody relies on its promise', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
  const { leader } = ensemble;
  ensemble.kill(4);
  writeEpoch(ensemble, 4, 'acceptedEpoch', 6);
  ensemble.boot(4);
  ensemble.wait(() => serves(ensemble, 4), 'the observer to serve');
  assert.is(ensemble.leader, leader);
  assert.equal([epochOf(ensemble, leader), epochOf(ensemble, 4)], [1, 1]);
  assert.is(ensemble.server(4).view.peer!.epochs.acceptedEpoch, 6, 'a promise is never taken back');
});

test('an observer does not follow a leader whose epoch is older than the one it has shown its clients', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
  ensemble.kill(4);
  writeEpoch(ensemble, 4, 'acceptedEpoch', 6);
  writeEpoch(ensemble, 4, 'currentEpoch', 6);
  ensemble.boot(4);
  const refused = () =>
    endsOf(ensemble, 4).some(({ reason }) => /older than the current epoch 6/.test(reason));
  ensemble.wait(refused, 'the observer to leave the leader');
  assert.not(serves(ensemble, 4));
});

test('field report A5: members of the last epoch serve, take others back, and log what to do when another epoch is needed', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  for (const sid of ensemble.sids) ensemble.kill(sid);
  for (const sid of ensemble.sids) writeEpoch(ensemble, sid, 'acceptedEpoch', FAR);
  ensemble.boot();
  ensemble.wait(() => ensemble.sids.every(sid => serves(ensemble, sid)), 'the last epoch');
  const { leader } = ensemble;
  assert.is(epochOf(ensemble, leader), EPOCH_MAX);
  MemoryClient.open(ensemble, ensemble.leader).create('/a');
  const follower = ensemble.sids.find(sid => sid !== leader)!;
  ensemble.kill(follower);
  ensemble.boot(follower);
  ensemble.wait(() => serves(ensemble, follower), 'a follower to come back');
  assert.is(ensemble.leader, leader);
  assert.is(MemoryClient.open(ensemble, follower).get('/a'), '');
  ensemble.kill(leader);
  const helpless = () =>
    ensemble
      .messages(follower, 'error')
      .some(line => /epoch 2097151 is accepted here, and it is the last.*epochs\.md/.test(line));
  ensemble.wait(helpless, 'a word on what to do');
  ensemble.time.advance(20_000);
  assert.is(ensemble.fatal.size, 0, 'nobody stops: a leader may come back');
});

test('field report A5: one member at the last epoch leaves the others their leader', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  const { leader } = ensemble;
  MemoryClient.open(ensemble, leader).create('/a');
  for (const sid of ensemble.sids) ensemble.kill(sid);
  writeEpoch(ensemble, leader, 'acceptedEpoch', EPOCH_MAX);
  ensemble.boot();
  const others = ensemble.sids.filter(sid => sid !== leader);
  ensemble.wait(() => others.every(sid => serves(ensemble, sid)), 'the others');
  assert.is(epochOf(ensemble, others[0]!), 2);
  ensemble.time.advance(20_000);
  assert.ok(
    others.every(sid => serves(ensemble, sid)),
    'and it stays',
  );
  assert.is(ensemble.fatal.size, 0);
});
