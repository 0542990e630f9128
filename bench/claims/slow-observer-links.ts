import { CONDITIONS, observerLatencyOf } from '../../results/names.ts';
import type { Evidence } from './judging/evidence.ts';
import type { Pair } from './judging/pair-judgement.ts';
import { type Compared, healthyAndUnder, observedUnder } from './judging/pairs.ts';
import { timedClaim } from './judging/timed-claim.ts';

/**
 * The suites of the project add 40 ms to each round trip, and a healthy write takes about 1.4 ms. If one
 * write in a hundred waited for an observer, the median would not move, and the 99th percentile would by
 * 40 ms.
 */
const MEDIAN_MS = 0.2;
const TAIL_MS = 2;

const rule = {
  scale: 'difference',
  margin: { low: -MEDIAN_MS, high: MEDIAN_MS },
  tells: { spread: 0.08, holds: 0, fails: 1 },
} as const;

const tail = { margin: { low: -TAIL_MS, high: TAIL_MS } } as const;

/** 004-6: an observer on a slow link affects only itself. */
export const observerLatencyLeavesWrites = timedClaim(
  {
    id: '004-6',
    title: 'Latency on the observers’ links leaves write latency at the voters unchanged',
    source: 'Observers guide, introduction: observers may be behind less reliable links',
    hypothesis: `With latency on the observers' links (20±5 ms each way in the suites of the project), the median write at the voters changes by at most ${MEDIAN_MS} ms, and the 99th percentile by at most ${TAIL_MS} ms`,
    metric: 'writeLatencyP50 and writeLatencyP99 at the voters, latency minus healthy',
    unit: 'ms',
    control: 'the same ensemble through the same proxies without the latency, in the same round',
    needs: ['observerLatency'],
    rule,
  },
  {
    lacking: 'topology with observers',
    pairs: slowed([
      { metric: 'writeLatencyP50', what: 'median write latency' },
      { metric: 'writeLatencyP99', what: '99th percentile of write latency', ...tail },
    ]),
    say: ({ subject, margin, condition }, number, value) =>
      `while a round trip to an observer took ${roundTripMs(condition)} ms more, ${margin === undefined ? 'the median write' : 'the 99th percentile of writes'} ` +
      `at the voters of ${subject} took ${number} ${value < 0 ? 'less' : 'more'}`,
  },
);

/** 004-8: reads are answered by the member that the client is connected to. */
export const readsAreLocal = timedClaim(
  {
    id: '004-8',
    title: 'Reads at an observer are local: a slow link to the voters does not slow them',
    source: 'Observers guide, introduction: reads at an observer are local, hence fast',
    hypothesis: `With latency on the observers' links (20±5 ms each way in the suites of the project), the median read at an observer changes by at most ${MEDIAN_MS} ms, and the 99th percentile by at most ${TAIL_MS} ms`,
    metric: 'readLatencyP50 and readLatencyP99 at an observer, latency minus healthy',
    unit: 'ms',
    control: 'the same observer without the latency, in the same round',
    needs: ['observerLatency'],
    rule,
  },
  {
    lacking: 'topology with observers',
    pairs: slowed([
      { metric: 'readLatencyP50', what: 'median read latency at an observer' },
      { metric: 'readLatencyP99', what: '99th percentile of read latency at an observer', ...tail },
    ]),
    say: ({ subject, margin, condition }, number, value) =>
      `while a round trip to the voters took ${roundTripMs(condition)} ms more, ${margin === undefined ? 'the median read' : 'the 99th percentile of reads'} ` +
      `at an observer of ${subject} took ${number} ${value < 0 ? 'less' : 'more'}`,
  },
);

/** Healthy and under whatever latency the suite adds. */
function slowed(compared: readonly Compared[]): (evidence: Evidence) => Pair[] {
  return evidence => {
    const measured = new Set(evidence.result.measurements.map(({ condition }) => condition));
    const latencies = [...measured].filter(condition => observerLatencyOf(condition) !== undefined);
    return (latencies.length > 0 ? latencies : [CONDITIONS.observerLatency]).flatMap(condition =>
      healthyAndUnder(condition, compared, observedUnder(condition))(evidence),
    );
  };
}

function roundTripMs(condition = ''): number {
  return 2 * (observerLatencyOf(condition)?.ms ?? Number.NaN);
}
