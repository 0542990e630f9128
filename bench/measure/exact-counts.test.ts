import { assert, suite } from '#test';
import type { Member } from '../topology/member.ts';
import type { MemberCounters } from './counters.ts';
import { countedRoles, exactCountsOf, requestsPerRead, whyUncounted } from './exact-counts.ts';

const test = suite('bench/measure: exact counts');

const WRITES = 100;

function member(fsyncs: number | undefined, traffic: Record<string, number>): MemberCounters {
  return {
    traffic: new Map(
      Object.entries(traffic).map(([key, messages]) => [key, { messages, bytes: 10 * messages }]),
    ),
    fsyncs,
    committed: WRITES,
    ...NOT_OF_A_WRITE,
  };
}

/** Counts that are not divided by writes. */
const NOT_OF_A_WRITE = {
  turns: undefined,
  flushes: undefined,
  clientPackets: undefined,
  clientBytesReceived: undefined,
  clientBytesSent: undefined,
};

/**
 * A leader, a follower and an observer. All writes came to the leader, except two that came to the follower.
 */
const DELTAS = new Map([
  [
    'v1',
    member(50, {
      'sent proposal sid_2': WRITES,
      'sent commit sid_2': WRITES,
      'sent inform sid_3': WRITES,
      'sent ping sid_2': 7,
      'received ack sid_2': WRITES,
      'received request sid_2': 2,
    }),
  ],
  [
    'v2',
    member(40, {
      'received proposal master': WRITES,
      'received commit master': WRITES,
      'sent ack master': WRITES,
      'sent request master': 2,
      // The follower as an observer master: these messages belong to its own observers.
      'sent inform sid_9': 5,
    }),
  ],
  ['o1', member(10, { 'received inform master': WRITES, 'sent ping master': 3 })],
]);

test('counts are per committed write, and pings are counted apart', () => {
  const counts = exactCountsOf(DELTAS, { leader: 'v1', followers: ['v2'], observers: ['o1'] });
  assert.equal(counts, {
    messagesPerWrite: 4.07,
    bytesPerWrite: 40.7,
    leaderMessagesPerWrite: 3,
    leaderBytesPerWrite: 30,
    fsyncsPerWrite: 1,
    leaderFsyncsPerWrite: 0.5,
    proposalsSentByLeaderPerWrite: 1,
    commitsSentByLeaderPerWrite: 1,
    informsSentByLeaderPerWrite: 1,
    acksToLeaderPerWrite: 1,
    requestsPerWrite: 0.02,
    followerMessagesPerWrite: 3,
    followerBytesPerWrite: 30,
    followerFsyncsPerWrite: 0.4,
    observerMessagesPerWrite: 1,
    observerBytesPerWrite: 10,
    observerFsyncsPerWrite: 0.1,
    acksFromObservers: 0,
    pingsDuringTheLoad: 10,
  });
});

test('a leader that is not the first voter is no follower, and an observer is none either', () => {
  const members = (['v1', 'v2', 'o1'] as const).map(
    name => ({ name, plan: { role: name === 'o1' ? 'observer' : 'participant' } }) as Member,
  );
  const [v1, v2] = members;
  assert.equal(countedRoles(members, v2!), { leader: 'v2', followers: ['v1'], observers: ['o1'] });
  assert.equal(countedRoles([v1!], v1!), { leader: 'v1', followers: [], observers: [] });
});

test('servers that count no traffic or committed nothing have no counts', () => {
  const roles = { leader: 'v1', followers: [], observers: [] };
  assert.is(exactCountsOf(new Map([['v1', member(undefined, {})]]), roles), undefined);
  const idle = { ...member(1, { 'sent ping sid_2': 3 }), committed: 0 };
  assert.is(exactCountsOf(new Map([['v1', idle]]), roles), undefined);
});

test('planted: counters that do not span the load, and members that lag, give no counts per write', () => {
  assert.is(whyUncounted(true, 102, 100), undefined, 'sessions that open and close are transactions too');
  assert.match(whyUncounted(true, 90, 100)!, /clients wrote 100 and the leader committed 90/);
  assert.match(whyUncounted(false, 102, 100)!, /members lagged/);
  assert.is(whyUncounted(false, undefined, 100), undefined, 'Apache counts nothing, and lags in nothing');
});

test('a read costs no request; the transactions of sessions are not counted for it', () => {
  const asked = (requests: number, syncs = 0) => ({
    ...member(1, { 'received request sid_2': requests, 'received sync sid_2': syncs }),
    committed: 2,
  });
  assert.equal(requestsPerRead(asked(2), 1_000), { requestsToLeaderPerRead: 0 });
  assert.equal(requestsPerRead(asked(1_002), 1_000), { requestsToLeaderPerRead: 1 }, 'planted: forwarded');
  assert.equal(requestsPerRead(asked(2, 500), 1_000), { requestsToLeaderPerRead: 0.5 }, 'planted: synced');
  assert.equal(requestsPerRead(asked(2), 0), {});
  assert.equal(requestsPerRead({ ...asked(2), committed: undefined }, 1_000), {}, 'Apache counts nothing');
});
