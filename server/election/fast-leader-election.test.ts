import { assert, suite } from '#test';
import { JointQuorum } from '../membership/joint-quorum.ts';
import { QuorumHierarchical } from '../membership/quorum-hierarchical.ts';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import {
  decodeNotification,
  encodeNotification,
  MIN_LONG,
  type Notification,
  ROUND_MAX,
} from '../wire/election-message.ts';
import { Cluster } from './cluster.test-kit.ts';
import { type ElectionOutput, FastLeaderElection, NO_VOTE, type Proposal } from './fast-leader-election.ts';

const test = suite('election: FastLeaderElection');

// One server, event by event

const VERSION_5 = Buffer.from('server.1=a:1:2:participant\nversion=5');

function core(sid: number, voters = [1, 2, 3], observers = [4]): FastLeaderElection {
  const verifier = new QuorumMaj({ version: 0, text: 'version=0', voters, observers });
  const intervals = { minNotificationIntervalMs: 200, maxNotificationIntervalMs: 60_000 };
  const role = observers.includes(sid) ? 'observer' : 'participant';
  return new FastLeaderElection(
    { sid, finalizeWaitMs: 200, ...intervals },
    {
      role,
      quorum: new JointQuorum(verifier),
    },
  );
}

const LOOK = { type: 'look', proposal: { zxid: 0, peerEpoch: 0 } } as const;

function says(fields: Partial<Notification>): Notification {
  const vote = { leader: 3, zxid: 0, round: 1, peerEpoch: 0 };
  return { state: 'LOOKING', ...vote, version: 2, config: null, ...fields };
}

const hears = (server: FastLeaderElection, from: number, fields: Partial<Notification>) =>
  server.step({ type: 'notification', from, notification: says(fields) });
const sentTo = (outputs: ElectionOutput[]) =>
  outputs.flatMap(output => (output.type === 'send' ? [output.to] : []));
const RESEND = { type: 'timer', timer: 'resend' } as const;
const elected = (outputs: ElectionOutput[]) =>
  outputs.flatMap(output => (output.type === 'elected' ? [output.result] : []))[0];

test('intervals double from 200 ms to 60 s', () => {
  const server = core(1);
  const delays: number[] = [];
  for (let outputs = server.step(LOOK); delays.length < 11; ) {
    for (const output of outputs) if (output.type === 'setTimer') delays.push(output.delayMs);
    outputs = server.step({ type: 'timer', timer: 'resend' });
  }
  assert.equal(delays, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
});

test('one voter alone elects itself', () => {
  const server = core(1, [1], []);
  server.step(LOOK);
  assert.is(elected(server.step({ type: 'timer', timer: 'finalize' }))?.state, 'LEADING');
});

test('while a configuration is pending, a candidate whom not all voters know gives way to an equal one', () => {
  const of = (...voters: number[]) => new QuorumMaj({ version: 0, text: 'version=0', voters, observers: [] });
  const server = core(2, [2, 3, 5], []);
  const quorum = new JointQuorum(of(2, 3, 5), of(3, 5, 6));
  server.step({ type: 'view', view: { role: 'participant', quorum } });
  server.step({ type: 'look', proposal: { zxid: 8, peerEpoch: 0 } });
  hears(server, 6, { leader: 6, zxid: 8 });
  // Server 5 lacks the pending configuration, so it votes for the best candidate that it knows.
  hears(server, 5, { leader: 2, zxid: 8 });
  assert.is(server.vote.leader, 6);
  server.step(RESEND);
  assert.is(server.vote.leader, 2);
  hears(server, 6, { leader: 2, zxid: 8 });
  assert.is(elected(server.step({ type: 'timer', timer: 'finalize' }))?.state, 'LEADING');
});

const asksOracle = (outputs: ElectionOutput[]) => outputs.some(({ type }) => type === 'askOracle');
test('004-23: one of two voters that hears nothing asks the oracle, and leads if that authorises it', () => {
  const server = core(1, [1, 2], []);
  assert.not(asksOracle(server.step(LOOK)));
  assert.ok(asksOracle(server.step(RESEND)));
  const result = elected(server.step({ type: 'authorized' }));
  assert.equal([result?.state, result?.leader, [...result!.supporters]], ['LEADING', 1, [1]]);
});

test('004-23: an answer of the oracle counts only while the other voter is silent, and asks again after', () => {
  const server = core(1, [1, 2], []);
  server.step(LOOK);
  assert.ok(asksOracle(server.step(RESEND)));
  hears(server, 2, { leader: 2, zxid: 0 });
  assert.is(elected(server.step({ type: 'authorized' })), undefined);
  assert.not(asksOracle(server.step(RESEND)), 'the other voter spoke since the last time');
  assert.not(asksOracle(server.step(RESEND)), 'it votes for the other one now');
});

test('004-23: no other server asks the oracle: one of three voters, an observer of two, one that may not vote', () => {
  const silent = (server: FastLeaderElection, proposal: Proposal) => {
    server.step({ type: 'look', proposal });
    const asks = asksOracle(server.step(RESEND));
    return asks || elected(server.step({ type: 'authorized' })) !== undefined;
  };
  const { proposal } = LOOK;
  assert.not(silent(core(1), proposal));
  assert.not(silent(core(4, [1, 2], [4]), proposal));
  assert.not(silent(core(1, [1, 2], []), { ...proposal, zxid: NO_VOTE }));
});

test('004-23: a looking server joins one of two voters that says it leads, and no follower of it', () => {
  const observer = core(4, [1, 2], [4]);
  observer.step(LOOK);
  const told = { leader: 1, round: 7 };
  assert.is(elected(hears(observer, 2, { ...told, state: 'FOLLOWING' })), undefined);
  assert.is(elected(hears(observer, 1, { ...told, state: 'LEADING' }))?.state, 'OBSERVING');

  const voter = core(2, [1, 2], [4]);
  voter.step(LOOK);
  assert.is(elected(hears(voter, 1, { ...told, state: 'LEADING' }))?.state, 'FOLLOWING');

  const third = core(3);
  third.step(LOOK);
  assert.is(elected(hears(third, 1, { ...told, state: 'LEADING' })), undefined, 'three voters need two');
});

test('votes with zxid -1, votes for strangers and votes of observers change nothing', () => {
  const server = core(1);
  server.step(LOOK);
  assert.equal(sentTo(hears(server, 2, { zxid: -1, leader: 2 })), []);
  assert.equal(sentTo(hears(server, 2, { zxid: -1, leader: 2, peerEpoch: 9 })), []);
  assert.equal(sentTo(hears(server, 2, { leader: 77, peerEpoch: 9 })), []);
  assert.equal(sentTo(hears(server, 2, { leader: 4, peerEpoch: 9 })), []);
  assert.equal(sentTo(hears(server, 4, { leader: 3, peerEpoch: 9 })), [4]);
  assert.equal([server.vote.leader, server.round], [1, 1]);
});

test('ZOOKEEPER-261: a server that must not vote adopts no vote, so it supports nobody; it follows the leader that the others elect', () => {
  const server = core(1);
  server.step({ type: 'look', proposal: { zxid: NO_VOTE, peerEpoch: 0 } });
  assert.equal(sentTo(hears(server, 2, { zxid: 9, peerEpoch: 1, round: 5 })), []);
  assert.equal(sentTo(hears(server, 3, { zxid: 9, peerEpoch: 1 })), []);
  assert.equal([server.vote.leader, server.vote.zxid], [1, NO_VOTE]);
  hears(server, 2, { state: 'FOLLOWING', zxid: 9, peerEpoch: 1, round: 5 });
  const result = elected(hears(server, 3, { state: 'LEADING', zxid: 9, peerEpoch: 1, round: 5 }));
  assert.equal([result?.state, result?.leader], ['FOLLOWING', 3]);
});

test('field report A5: a vote of the last possible round does not end the elections', () => {
  const server = core(1);
  server.step(LOOK);
  hears(server, 2, { leader: 2, round: ROUND_MAX });
  for (let at = 0; at < 3; at++) {
    for (const output of server.step(LOOK)) {
      if (output.type !== 'send') continue;
      assert.is(output.notification.round, ROUND_MAX);
      decodeNotification(encodeNotification(output.notification).subarray(4));
    }
    hears(server, 2, { leader: 3, round: ROUND_MAX });
    assert.is(elected(server.step({ type: 'timer', timer: 'finalize' }))?.leader, 3);
  }
});

test('an observer, which proposes nobody, neither adopts a vote for a stranger nor is elected itself', () => {
  const server = core(4);
  server.step(LOOK);
  hears(server, 1, { leader: 77, peerEpoch: 9 });
  assert.is(server.vote.leader, MIN_LONG);
  for (const sid of [1, 2])
    assert.is(elected(hears(server, sid, { state: 'FOLLOWING', leader: 4, round: server.round })), undefined);
  assert.is(server.state, 'LOOKING');
});

test('a participant that is in no configuration yet asks, and proposes nobody', () => {
  const outputs = core(9).step(LOOK);
  assert.equal(sentTo(outputs), [1, 2, 3]);
  for (const output of outputs) if (output.type === 'send') assert.is(output.notification.leader, MIN_LONG);
});

test('ZOOKEEPER-3109: a supporter that looks again in a later round has left, even when it still prefers this leader', () => {
  for (const [round, lost] of [
    [1, false],
    [2, true],
  ] as const) {
    const server = core(3);
    server.step(LOOK);
    hears(server, 1, { leader: 3 });
    assert.is(elected(server.step({ type: 'timer', timer: 'finalize' }))?.state, 'LEADING');
    const types = hears(server, 1, { leader: 3, round }).map(output => output.type);
    assert.is(types.includes('supportLost'), lost, `round ${round}`);
  }
});

test('004-11, ZOOKEEPER-2959: the votes of observers make no quorum', () => {
  const server = core(1, [1, 2, 3], [4, 5]);
  server.step(LOOK);
  for (const sid of [4, 5]) hears(server, sid, { leader: 1 });
  for (const sid of [4, 5]) hears(server, sid, { state: 'LEADING', leader: 2 });
  assert.is(elected(server.step({ type: 'timer', timer: 'finalize' })), undefined);
});

test('a quorum of followers is not enough: the leader must say that it leads', () => {
  const server = core(1, [1, 2, 3, 4, 5], []);
  server.step(LOOK);
  for (const sid of [2, 3, 4]) {
    assert.is(elected(hears(server, sid, { state: 'FOLLOWING', leader: 5, round: 9 })), undefined);
  }
  const result = elected(hears(server, 5, { state: 'LEADING', leader: 5, round: 9 }));
  assert.equal([result?.leader, result?.state, server.round], [5, 'FOLLOWING', 9]);
});

test('a server that followers of another round name as leader does not lead', () => {
  const server = core(3);
  server.step(LOOK);
  for (const sid of [1, 2]) {
    assert.is(elected(hears(server, sid, { state: 'FOLLOWING', leader: 3, round: 9 })), undefined);
  }
  assert.is(server.state, 'LOOKING');
});

test('votes for a leader from before the present search are ignored: that leader may be the one that died', () => {
  const server = core(1);
  server.step(LOOK);
  hears(server, 3, { state: 'LEADING', leader: 3, round: 9, peerEpoch: 1 });
  assert.is(elected(hears(server, 2, { state: 'FOLLOWING', leader: 3, round: 9, peerEpoch: 1 }))?.leader, 3);
  server.step(LOOK);
  assert.is(elected(hears(server, 2, { state: 'FOLLOWING', leader: 3, round: 9, peerEpoch: 1 })), undefined);
  assert.is(server.state, 'LOOKING');
});

test('a later round starts from this server’s own history, not from the candidate it had come to prefer', () => {
  const server = core(1);
  server.step(LOOK);
  hears(server, 3, { leader: 3 });
  assert.is(server.vote.leader, 3);
  hears(server, 2, { leader: 2, round: 2 });
  assert.equal([server.vote.leader, server.round], [2, 2]);
});

test('a quorum that falls apart within the finalize wait elects nobody', () => {
  const server = core(3);
  server.step(LOOK);
  hears(server, 2, { leader: 3 });
  // Server 2 was started again, and has not heard of us yet.
  hears(server, 2, { leader: 2 });
  assert.is(elected(server.step({ type: 'timer', timer: 'finalize' })), undefined);
  hears(server, 2, { leader: 3 });
  assert.is(elected(server.step({ type: 'timer', timer: 'finalize' }))?.state, 'LEADING');
});

test('a following server answers looking servers, and only those', () => {
  const server = core(1);
  server.step(LOOK);
  server.step({
    type: 'settle',
    state: 'FOLLOWING',
    vote: { leader: 2, zxid: 5, round: 4, peerEpoch: 1 },
  });
  assert.equal(sentTo(hears(server, 3, { leader: 3, round: 99 })), [3]);
  assert.equal(sentTo(hears(server, 4, { leader: MIN_LONG })), [4], 'an observer');
  assert.equal(sentTo(hears(server, 3, { state: 'FOLLOWING', leader: 2 })), []);
  assert.equal(sentTo(hears(server, 4, { state: 'OBSERVING', leader: 2 })), []);
  assert.is(server.round, 1, 'the round of others does not matter any more');
});

test('ZOOKEEPER-1807: an observer answers no observer, whatever it is doing', () => {
  const server = core(4, [1, 2, 3], [4, 5]);
  assert.equal(sentTo(server.step(LOOK)), [1, 2, 3]);
  assert.equal(sentTo(hears(server, 5, { leader: MIN_LONG })), []);
});

test('two voters that take each other for strangers do not answer each other forever', () => {
  const ends = [core(1, [1], []), core(2, [2], [])] as const;
  let toDeliver = [...ends[0].step(LOOK), ...ends[1].step(LOOK)].filter(output => output.type === 'send');
  toDeliver.push({ type: 'send', to: 2, notification: says({ leader: 1 }) });
  for (let rounds = 0; toDeliver.length > 0; rounds++) {
    assert.ok(rounds < 10, 'answers without end');
    toDeliver = toDeliver.flatMap(({ to, notification }) => {
      const outputs = ends[to === 1 ? 0 : 1].step({ type: 'notification', from: 3 - to, notification });
      return outputs.filter(output => output.type === 'send');
    });
  }
});

test('a server without a vote answers one with an older configuration: all servers that the other knows may be gone', () => {
  const server = core(9);
  server.step(LOOK);
  server.step({ type: 'settle', state: 'FOLLOWING', vote: server.vote });
  const answers = (outputs: ElectionOutput[]) => outputs.filter(output => output.type === 'send').length;
  assert.is(answers(hears(server, 8, { config: VERSION_5 })), 0);
  const newer = new QuorumMaj({ version: 9, text: 'version=9', voters: [1, 2, 3], observers: [] });
  server.step({ type: 'view', view: { role: 'participant', quorum: new JointQuorum(newer) } });
  assert.is(answers(hears(server, 8, { config: VERSION_5 })), 1);
  assert.is(answers(hears(server, 8, { state: 'FOLLOWING', leader: 1, config: VERSION_5 })), 0);
});

test('what voters said before the first search is not lost', () => {
  const server = core(1);
  hears(server, 2, { state: 'FOLLOWING', leader: 3, round: 9 });
  hears(server, 3, { state: 'LEADING', leader: 3, round: 9 });
  assert.is(elected(server.step(LOOK))?.leader, 3);
});

test('a newer configuration is reported with every vote that has it, and only while looking', () => {
  const server = core(1);
  const seen = (outputs: ElectionOutput[]) => outputs.filter(output => output.type === 'configSeen').length;
  server.step(LOOK);
  assert.is(seen(hears(server, 2, { config: VERSION_5 })), 1);
  assert.is(seen(hears(server, 3, { config: VERSION_5 })), 1);
  const settled = core(1);
  settled.step(LOOK);
  settled.step({ type: 'settle', state: 'LEADING', vote: settled.vote });
  assert.is(seen(hears(settled, 2, { config: VERSION_5 })), 0);
});

test('with a newer configuration seen, a leader needs a quorum of both', () => {
  const verifier = new QuorumMaj({ version: 1, text: '', voters: [1, 2, 3], observers: [] });
  const next = new QuorumMaj({ version: 2, text: '', voters: [3, 4, 5], observers: [] });
  const server = core(3);
  server.step({ type: 'view', view: { role: 'participant', quorum: new JointQuorum(verifier, next) } });
  assert.equal(sentTo(server.step(LOOK)), [1, 2, 4, 5]);
  hears(server, 1, {});
  assert.is(elected(server.step({ type: 'timer', timer: 'finalize' })), undefined);
  hears(server, 4, {});
  assert.is(elected(server.step({ type: 'timer', timer: 'finalize' }))?.state, 'LEADING');
});

test('a voter of the next configuration alone is elected when its history is the longest', () => {
  const verifier = new QuorumMaj({ version: 1, text: '', voters: [1, 2, 3], observers: [] });
  const next = new QuorumMaj({ version: 2, text: '', voters: [3, 4, 5], observers: [] });
  const server = core(3);
  server.step({ type: 'view', view: { role: 'participant', quorum: new JointQuorum(verifier, next) } });
  server.step(LOOK);
  hears(server, 4, { leader: 4, zxid: 7 });
  hears(server, 1, { leader: 4, zxid: 7 });
  assert.is(elected(server.step({ type: 'timer', timer: 'finalize' }))?.leader, 4);
});

test('a server of weight 0 is not elected, though its history is the longest', () => {
  const verifier = new QuorumHierarchical({
    version: 0,
    text: '',
    voters: [1, 2, 3, 4],
    observers: [],
    groups: new Map([[1, [1, 2, 3, 4]]]),
    weights: new Map([[4, 0]]),
  });
  const cluster = new Cluster({ voters: [1, 2, 3, 4], verifier, delayMs: () => 1 });
  cluster.member(4).proposal = { zxid: 0x9_0000_0000, peerEpoch: 9 };
  for (const sid of [1, 2, 3, 4]) cluster.start(sid);
  cluster.advance(1000);
  for (const { result } of cluster.members.values()) assert.is(result?.leader, 3);
});

// Whole ensembles, against a naive twin: sort the candidates that can talk, take the last

test('planted: a server that counts observers elects without a quorum, and the check sees it', () => {
  const counting = new QuorumMaj({ version: 0, text: '', voters: [1, 2, 3], observers: [6] });
  Object.defineProperty(counting, 'containsQuorum', { value: (sids: ReadonlySet<number>) => sids.size > 0 });
  const cluster = new Cluster({ voters: [1, 2, 3], observers: [6], verifier: counting, delayMs: () => 5 });
  let wrong = 0;
  const majority = new QuorumMaj({ version: 0, text: '', voters: [1, 2, 3], observers: [6] });
  cluster.onElected = ({ result }) => {
    if (result !== undefined && !majority.containsQuorum(result.supporters)) wrong++;
  };
  cluster.start(1);
  cluster.advance(1000);
  assert.is(wrong, 1);
});
