import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { Cluster, FINALIZE_WAIT_MS, type Member } from './cluster.test-kit.ts';
import type { Proposal } from './fast-leader-election.ts';

const test = suite('election: whole ensembles');

const history = fc.record({ peerEpoch: fc.nat({ max: 2 }), zxid: fc.nat({ max: 3 }) });
const seed = fc.integer({ min: 1, max: 2 ** 31 - 2 });

/** Deterministic delays, so that the order of arrival follows from the seed. */
function delaysOf(start: number, maxMs: number): () => number {
  let state = start;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state % maxMs;
  };
}

function naiveWinner(members: Iterable<Member>): number | undefined {
  const sorted = [...members].sort(
    (a, b) =>
      a.proposal.peerEpoch - b.proposal.peerEpoch || a.proposal.zxid - b.proposal.zxid || a.sid - b.sid,
  );
  return sorted.at(-1)?.sid;
}

/**
 * All servers start within 40 ms, and messages take less than 40 ms, which together is less than the finalize
 * wait.
 */
const gathering = fc.record({
  histories: fc.array(history, { minLength: 1, maxLength: 5 }),
  startsMs: fc.array(fc.nat({ max: 40 }), { minLength: 5, maxLength: 5 }),
  delaySeed: seed,
});

function electBest(
  { histories, startsMs, delaySeed }: { histories: Proposal[]; startsMs: number[]; delaySeed: number },
  finalizeWaitMs = FINALIZE_WAIT_MS,
): void {
  const voters = histories.map((_, index) => index + 1);
  const cluster = new Cluster({ voters, delayMs: delaysOf(delaySeed, 40), finalizeWaitMs });
  histories.forEach((proposal, index) => {
    cluster.member(index + 1).proposal = proposal;
    cluster.after(startsMs[index] ?? 0, () => cluster.start(index + 1));
  });
  cluster.advance(5000);
  const winner = naiveWinner(cluster.members.values());
  const rounds = new Set<number | undefined>();
  for (const { sid, result } of cluster.members.values()) {
    assert.is(result?.leader, winner, `server ${sid}`);
    assert.is(result?.state, sid === winner ? 'LEADING' : 'FOLLOWING');
    rounds.add(result?.vote.round);
  }
  assert.is(rounds.size, 1);
}

test('servers that start within the finalize wait all elect the best of them, in one round', () => {
  fc.assert(fc.property(gathering, story => electBest(story)));
});

test('planted: without the finalize wait a worse server is elected, and the property finds it', () => {
  const property = fc.property(gathering, story => electBest(story, 0));
  assert.ok(fc.check(property, { seed: 1, numRuns: 200 }).failed);
});

/**
 * Does what QuorumPeer does around the election: a server without a leader, or without a quorum of followers,
 * looks again.
 */
function superviseAfter(cluster: Cluster, member: Member, delayMs: number): void {
  const { result } = member;
  cluster.after(delayMs, () => {
    if (!member.up || member.result !== result || result === undefined) return;
    if (isServed(cluster, member)) superviseAfter(cluster, member, delayMs);
    else cluster.look(member.sid);
  });
}

function isServed(cluster: Cluster, { sid, core: own }: Member): boolean {
  const { leader } = own.vote;
  if (own.state !== 'LEADING') {
    return cluster.reaches(sid, leader) && cluster.member(leader).core.state === 'LEADING';
  }
  const followers = new Set([sid]);
  for (const other of cluster.members.values()) {
    if (
      cluster.reaches(sid, other.sid) &&
      other.core.state === 'FOLLOWING' &&
      other.core.vote.leader === sid
    ) {
      followers.add(other.sid);
    }
  }
  return cluster.viewOf(sid).quorum.containsQuorum(followers);
}

const DELAY_MS_MAX = 60;
const SUPERVISION_MS = 2 * FINALIZE_WAIT_MS + DELAY_MS_MAX;

type Upset =
  | { readonly what: 'cut' | 'heal'; readonly a: number; readonly b: number }
  | { readonly what: 'stop' | 'start'; readonly a: number };

const upset: fc.Arbitrary<Upset> = fc.oneof(
  fc.record({
    what: fc.constantFrom('cut', 'heal'),
    a: fc.integer({ min: 1, max: 5 }),
    b: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ what: fc.constantFrom('stop', 'start'), a: fc.integer({ min: 1, max: 5 }) }),
);

test(
  'once all cuts, crashes and restarts are over, there is one leader, and every server follows it',
  () => {
    fc.assert(
      fc.property(
        fc.array(history, { minLength: 5, maxLength: 5 }),
        fc.array(fc.tuple(upset, fc.nat({ max: 900 })), { maxLength: 15 }),
        seed,
        (histories, upsets, delaySeed) => {
          const cluster = new Cluster({
            voters: [1, 2, 3, 4, 5],
            observers: [6],
            delayMs: delaysOf(delaySeed, DELAY_MS_MAX),
          });
          cluster.onElected = member => {
            checkElected(cluster, member);
            superviseAfter(cluster, member, SUPERVISION_MS);
          };
          histories.forEach((proposal, index) => {
            cluster.member(index + 1).proposal = proposal;
          });
          for (const sid of cluster.members.keys()) cluster.start(sid);
          for (const [event, pauseMs] of upsets) {
            apply(cluster, event);
            cluster.advance(pauseMs);
          }
          healEverything(cluster);
          cluster.advance(180_000);
          const leaders = [...cluster.members.values()].map(member => member.core.vote.leader);
          assert.is(new Set(leaders).size, 1, `leaders ${leaders.join(' ')}`);
          for (const member of cluster.members.values()) assert.ok(isServed(cluster, member));
          assert.is(cluster.member(6).core.state, 'OBSERVING');
        },
      ),
      { numRuns: 200 },
    );
  },
  { deadlineMs: 240_000 },
);

/** Checks that a quorum of voters elected the leader, and that no observer counted. */
function checkElected(cluster: Cluster, { result }: Member): void {
  assert.ok(result !== undefined);
  const { leader, supporters } = result;
  assert.ok(cluster.viewOf(leader).quorum.containsQuorum(supporters));
  assert.not(supporters.has(6), 'an observer counted');
  assert.is.not(leader, 6);
}

function apply(cluster: Cluster, event: Upset): void {
  const member = cluster.member(event.a);
  if (event.what === 'stop') cluster.stop(event.a);
  else if (event.what === 'start' && !member.up) cluster.start(event.a);
  else if (event.what === 'cut' && event.a !== event.b) cluster.cut(event.a, event.b);
  else if (event.what === 'heal' && event.a !== event.b) cluster.heal(event.a, event.b);
}

function healEverything(cluster: Cluster): void {
  for (const a of cluster.members.keys())
    for (const b of cluster.members.keys()) if (a < b) cluster.heal(a, b);
  for (const member of cluster.members.values()) if (!member.up) cluster.start(member.sid);
}
