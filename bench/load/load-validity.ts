/**
 * Why a load does not count. A driver that was held up voids it always. Requests that the servers did not
 * answer void it only without a fault: then the ensemble was unwell, while under a fault they are the
 * finding.
 */
import { saturation } from './driver/driver-monitor.ts';
import { ENDED_EARLY, isOpenLoop, LATE_SHARE_MAX, type LoadResult } from './load-spec.ts';

/** An ensemble without faults that does fewer operations than this in a load is unwell. */
const HEALTHY_OPERATIONS_MIN = 100;

/** A late send keeps its lateness in the response time, so a few of them cannot move the median much. */
const SHARE_MAX = { median: 0.1, tail: LATE_SHARE_MAX } as const;

export type Statistic = keyof typeof SHARE_MAX;

/** Why the requests were not those that were asked for. */
export function unlikeTheSpec({
  spec,
  totals,
  sends,
}: Pick<LoadResult, 'spec' | 'totals' | 'sends'>): string[] {
  const { intended, late, dropped } = sends;
  const share = (late + dropped) / Math.max(1, intended);
  return [
    ...(totals.ok === 0 ? ['no operation succeeded'] : []),
    ...(isOpenLoop(spec.mode) && share > LATE_SHARE_MAX
      ? [
          `${late} late and ${dropped} dropped of ${intended} sends (${(share * 100).toFixed(1)} %), at most ${LATE_SHARE_MAX * 100} % is accepted`,
        ]
      : []),
  ];
}

/** Why the throughput of a closed loop does not count. */
export function throughputVoidReasons(load: LoadResult, isHealthy: boolean): string[] {
  const { writesOk } = load.totals;
  return [
    ...saturation(load.driver),
    ...endedEarly(load),
    ...(isHealthy && writesOk < HEALTHY_OPERATIONS_MIN
      ? [
          `the ensemble was unwell: it committed ${writesOk} writes, at least ${HEALTHY_OPERATIONS_MIN} are needed`,
        ]
      : []),
  ];
}

/** Why the throughput of a closed loop of any operations on a healthy ensemble does not count. */
export function closedLoopVoidReasons(load: LoadResult): string[] {
  const { ok, errors, unknown } = load.totals;
  const lost = errors + unknown;
  return [
    ...saturation(load.driver),
    ...endedEarly(load),
    ...(ok < HEALTHY_OPERATIONS_MIN
      ? [`the ensemble was unwell: it answered ${ok} requests, at least ${HEALTHY_OPERATIONS_MIN} are needed`]
      : []),
    ...(lost > (ok + lost) * SHARE_MAX.tail
      ? [
          `the ensemble was unwell: ${lost} of ${ok + lost} requests failed or had no answer, at most ${SHARE_MAX.tail * 100} % is accepted`,
        ]
      : []),
  ];
}

/** Why a percentile of an open loop's latencies does not count. A stall of the driver moves no median. */
export function latencyVoidReasons(load: LoadResult, statistic: Statistic, isHealthy: boolean): string[] {
  const { driver, sends } = load;
  const percent = SHARE_MAX[statistic] * 100;
  const isOften = (times: number) => times > sends.intended * SHARE_MAX[statistic];
  const lost = unansweredOf(load);
  return [
    ...saturation(statistic === 'median' ? { ...driver, loopLagP99Ms: 0 } : driver),
    ...endedEarly(load),
    ...(isOften(sends.late)
      ? [`${sends.late} of ${sends.intended} sends were late, at most ${percent} % is accepted`]
      : []),
    ...(isHealthy && isOften(lost)
      ? [
          `the ensemble was unwell: ${lost} of ${sends.intended} requests failed or had no answer, at most ${percent} % is accepted`,
        ]
      : []),
  ];
}

/** Requests that failed, were never sent because no session could take them, or had no answer by the end. */
export function unansweredOf({ totals, sends }: LoadResult): number {
  return totals.unknown + totals.errors + sends.dropped;
}

export function endedEarly({ voidReasons }: Pick<LoadResult, 'voidReasons'>): string[] {
  return voidReasons.filter(reason => reason === ENDED_EARLY);
}
