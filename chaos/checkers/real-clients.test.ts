import { assert, suite } from '#test';
import { FALSE_LOSSES, LONGEST_GAP } from '../../results/names.ts';
import type { HistoryEvent } from './history.ts';
import { checkRealClients, experiencesOf } from './real-clients.ts';

const test = suite('checkers: real clients');

/** Writes of sessions, each answered 10 ms after it was asked for, or later. */
function writes(
  ...of: readonly { process?: number; session?: string; atMs: number; forMs?: number; byRecipe?: true }[]
): HistoryEvent[] {
  const events = of.flatMap(({ process = 1, session = 'a', atMs, forMs = 10, byRecipe }, operation) => {
    const common = { process, session, operation, f: 'create' as const, path: '/p', index: 0 };
    return [
      { ...common, timeMs: atMs, type: 'invoke' as const, ...(byRecipe && { byRecipe }) },
      { ...common, timeMs: atMs + forMs, type: 'ok' as const },
    ];
  });
  return events.sort((a, b) => a.timeMs - b.timeMs).map((event, index) => ({ ...event, index }));
}

const kazoo = (more: { lostAtMs?: readonly number[]; disconnectedMs?: readonly number[] } = {}) => ({
  ...{ process: 1, client: 'kazoo', timeoutMs: 1_000, disconnectedMs: more.disconnectedMs ?? [] },
  lostSessions: (more.lostAtMs ?? []).map(timeMs => ({ session: 'a', timeMs })),
});
const LIMITS = { timeoutMs: 1_000, slackMs: 200 };

test('the longest gap is between two successes, or from the last one until the last success of any client', () => {
  const gapOf = (history: readonly HistoryEvent[]) => experiencesOf(history, [kazoo()])[0]!.longestGapMs;
  assert.is(gapOf(writes({ atMs: 0 }, { atMs: 700 }, { atMs: 800 })), 700);
  assert.is(gapOf(writes({ atMs: 0 }, { atMs: 100 }, { process: 2, atMs: 900 })), 800);
});

test('waiting for a lock that is obtained is not a gap', () => {
  const [seen] = experiencesOf(writes({ atMs: 0 }, { atMs: 50, forMs: 900, byRecipe: true }, { atMs: 960 }), [
    kazoo({ disconnectedMs: [5] }),
  ]);
  assert.equal([seen!.longestGapMs, seen!.succeeded, seen!.disconnections], [40, 3, 1]);
});

test('a session that is lost within its timeout of an acknowledged write is an error', () => {
  const history = writes({ atMs: 0 }, { atMs: 500 });
  const early = checkRealClients(history, [kazoo({ lostAtMs: [1_200] })], LIMITS);
  assert.match(
    early.reasons.join(),
    /kazoo 1 was told at 1200 ms that its session a is lost, but its write of 500/,
  );
  assert.is(checkRealClients(history, [kazoo({ lostAtMs: [1_300] })], LIMITS).valid, 'valid');
});

test('a loss is false where others wrote without a gap as long as the timeout, and not in a long outage', () => {
  const others = (...times: readonly number[]) => times.map(atMs => ({ process: 2, session: 'b', atMs }));
  const of = (...times: readonly number[]) =>
    checkRealClients(writes({ atMs: 0 }, ...others(...times)), [kazoo({ lostAtMs: [2_500] })], LIMITS);
  assert.match(of(600, 1_200, 1_900).notes!.join(), /1 sessions lost, 1 of them falsely/);
  assert.match(of(100, 1_900).notes!.join(), /1 sessions lost, 0 of them falsely/);
  assert.equal(of(600, 1_200, 1_900).measured, [
    { metric: LONGEST_GAP, of: 'kazoo', value: 1900 },
    { metric: FALSE_LOSSES, of: 'kazoo', value: 1 },
  ]);
  assert.match(of(100, 1_900).notes!.join(), /^kazoo 1: 1 successes, longest gap 1900 ms, 0 disconnections/);
});
