import { assert, suite } from '#test';
import { CONDITIONS, sizedCondition } from '../../results/names.ts';
import { type Planted, plantedResult } from './claims.test-kit.ts';
import { judgeAll } from './judging/judge-all.ts';
import { operationsByMember } from './judging/operations-by-member.ts';
import { observerLinks } from './observer-links.ts';

const test = suite('bench/claims: what single operations cost');

function row(topology: string, condition: string, counts: Record<string, number>): Planted {
  return { metric: 'countedOperations', topology, condition, values: [200], counts };
}

/** As the protocol has it, with the least that is not exact: sessions open and close. */
function paths(topology: string, changes: Readonly<Record<string, Record<string, number>>> = {}): Planted[] {
  const hops = topology === 'masters' ? 2 : 1;
  const leaderMessagesPerWrite = topology === 'masters' ? 4 : 6;
  const writes = (requestsPerWrite: number) => ({ requestsPerWrite, leaderMessagesPerWrite });
  return Object.entries({
    [CONDITIONS.singleAtLeader]: writes(0),
    [CONDITIONS.singleAtFollower]: writes(1.004),
    [CONDITIONS.singleAtObserver]: writes(hops),
    [CONDITIONS.readsAtFollower]: { requestsToLeaderPerRead: 0 },
    [CONDITIONS.readsAtObserver]: { requestsToLeaderPerRead: 0.0001 },
  }).map(([condition, counts]) => row(topology, condition, { ...counts, ...changes[condition] }));
}

test('004-3: one request at a learner, two behind a master, none for a read', () => {
  const [claim] = judgeAll([operationsByMember], plantedResult([...paths('observers'), ...paths('masters')]));
  assert.is(claim!.verdict, 'holds', claim!.reason);
  assert.match(
    claim!.reason,
    /with 3 voters and 2 observers behind observer masters, a write at an observer cost 2 requests, and the leader sent 4 messages wherever it came from\.$/i,
  );
});

test('004-3, planted: a read that is forwarded, a write sent twice, more messages for a write from elsewhere', () => {
  for (const [changes, reason] of [
    [
      { [CONDITIONS.readsAtObserver]: { requestsToLeaderPerRead: 1 } },
      /a read at an observer cost 1 request to the leader, and needs none/,
    ],
    [
      { [CONDITIONS.singleAtObserver]: { requestsPerWrite: 2 } },
      /a write at an observer cost 2 requests, and the protocol needs 1/,
    ],
    [
      { [CONDITIONS.singleAtFollower]: { leaderMessagesPerWrite: 7 } },
      /the leader sent 7 messages for a write at a follower, and the protocol needs 6/,
    ],
  ] as const) {
    const planted = [...paths('observers', changes), ...paths('masters')];
    const [claim] = judgeAll([operationsByMember], plantedResult(planted));
    assert.is(claim!.verdict, 'fails');
    assert.match(claim!.reason, reason);
  }
});

test('004-3: not shown where nothing was counted or no member observes, void where no operation succeeded', () => {
  const verdictOf = (planted: readonly Planted[]) =>
    judgeAll([operationsByMember], plantedResult(planted))[0]!;
  assert.is(verdictOf([]).verdict, 'not shown here');
  const uncounted = [...paths('observers'), ...paths('masters')].map(each => ({ ...each, counts: {} }));
  assert.match(verdictOf(uncounted).reason, /^The servers did not count requestsPerWrite/);
  const failed = [...paths('observers'), ...paths('masters')].map(each => ({
    ...each,
    values: [],
    voidRounds: 1,
  }));
  assert.is(verdictOf(failed).verdict, 'void');
});

function links(bytes: number, counts: Record<string, number>): Planted {
  return row('observers', sizedCondition(bytes), counts);
}

const SERVERS = {
  observerMessagesPerWrite: 1,
  followerMessagesPerWrite: 3,
  observerBytesPerWrite: 190,
  followerBytesPerWrite: 260,
};
const KERNEL = {
  observerLinkPacketsPerWrite: 1.02,
  followerLinkPacketsPerWrite: 3.02,
  observerLinkBytesPerWrite: 194,
  followerLinkBytesPerWrite: 270,
};

test('000-3: fewer messages, packets and bytes at every size hold, by whichever of them was counted', () => {
  for (const counts of [{ ...SERVERS, ...KERNEL }, SERVERS, KERNEL]) {
    const [claim] = judgeAll([observerLinks], plantedResult([links(100, counts), links(10_000, counts)]));
    assert.is(claim!.verdict, 'holds', claim!.reason);
  }
  const [claim] = judgeAll([observerLinks], plantedResult([links(10_000, KERNEL), links(100, KERNEL)]));
  assert.is(
    claim!.reason,
    'With 3 voters and 2 observers, a write of 10,000 bytes put on an observer’s link, compared with a follower’s: 1.02 instead of 3.02 packets, 194 instead of 270 bytes.',
  );
});

test('000-3, planted: an observer that gets proposals besides, or more bytes for one size, fails', () => {
  for (const change of [
    { observerMessagesPerWrite: 3 },
    { observerLinkPacketsPerWrite: 4 },
    { observerLinkBytesPerWrite: 271 },
  ]) {
    const planted = [links(100, { ...SERVERS, ...KERNEL, ...change }), links(10_000, SERVERS)];
    const [claim] = judgeAll([observerLinks], plantedResult(planted));
    assert.is(claim!.verdict, 'fails', JSON.stringify(change));
    assert.match(claim!.reason, /a write of 100 bytes/);
  }
});

test('000-3: not shown where neither the servers nor the kernel counted', () => {
  const [claim] = judgeAll([observerLinks], plantedResult([links(100, {})]));
  assert.is(claim!.verdict, 'not shown here');
  assert.match(claim!.reason, /^The servers did not count observerMessagesPerWrite/);
});
