import { CONDITIONS } from '../../results/names.ts';
import type { Claim } from './claim.ts';
import type { Series } from './evidence.ts';
import { healthyAndUnder, observed } from './pairs.ts';
import { atMostAbove, differenceOf } from './timed.ts';
import { short, timedClaim } from './timed-claim.ts';

/**
 * An eighth of the round trip that the fault adds. If writes waited for an observer, they would take the
 * whole round trip longer.
 */
const MARGIN_MS = 5;

const comparison = {
  test: (a: Series, b: Series) => atMostAbove(a, b, MARGIN_MS),
  estimate: differenceOf,
  worst: 'highest',
} as const;

function change(ms: number): string {
  return `${short(Math.abs(ms))} ms ${ms < 0 ? 'less' : 'more'}`;
}

/** 004-6: an observer on a slow link affects only itself. */
export const observerLatencyLeavesWrites: Claim = timedClaim(
  {
    id: '004-6',
    title: 'Latency on the observers’ links leaves write latency at the voters unchanged',
    source: 'Observers guide, introduction: observers may be behind less reliable links',
    hypothesis: `With 20±5 ms each way on the observers' links, the median write at the voters takes at most ${MARGIN_MS} ms longer`,
    metric: 'writeLatencyP50 at the voters, latency minus healthy',
    unit: 'ms',
    control: 'the same ensemble through the same proxies without the latency, in the same round',
    needs: ['healthy', 'observerLatency'],
  },
  {
    ...comparison,
    pairs: healthyAndUnder(
      CONDITIONS.observerLatency,
      { metric: 'writeLatencyP50', what: 'write latency' },
      observed,
    ),
    // The median of differences within rounds. The difference of the two medians may have the other sign.
    say: ({ topology }, { value }) =>
      `compared within rounds, the median write at the voters of ${topology} took ${change(value)}, ` +
      'while a round trip to an observer took 40 ms more',
  },
);

/** 004-8: reads are answered by the member that the client is connected to. */
export const readsAreLocal: Claim = timedClaim(
  {
    id: '004-8',
    title: 'Reads at an observer are local: a slow link to the voters does not slow them',
    source: 'Observers guide, introduction: reads at an observer are local, hence fast',
    hypothesis: `With 20±5 ms each way on the observers' links, the median read at an observer takes at most ${MARGIN_MS} ms longer`,
    metric: 'readLatencyP50 at an observer, latency minus healthy',
    unit: 'ms',
    control: 'the same observer without the latency, in the same round',
    needs: ['healthy', 'observerLatency'],
  },
  {
    ...comparison,
    pairs: healthyAndUnder(
      CONDITIONS.observerLatency,
      { metric: 'readLatencyP50', what: 'read latency at an observer' },
      observed,
    ),
    say: ({ topology }, { value }) =>
      `compared within rounds, the median read at an observer of ${topology} took ${change(value)}, ` +
      'while a round trip to the voters took 40 ms more',
  },
);
