/** The cost of the proxies themselves, where a suite has measured it, as a sentence for the report. */
import { Evidence } from '../../bench/claims/judging/evidence.ts';
import { type PairEstimate, ratioWithin } from '../../bench/claims/judging/pair-judgement.ts';
import { CONDITIONS } from '../../results/names.ts';
import { formatNumber } from '../../results/number-text.ts';

/** Undefined when no round has both measurements. */
export function proxyTax(result: Evidence['result']): string | undefined {
  const evidence = new Evidence(result);
  for (const topology of result.topologies) {
    const ratio = (metric: string) => {
      const direct = evidence.series(metric, topology, CONDITIONS.direct);
      const proxied = evidence.series(metric, topology, CONDITIONS.healthy);
      const found = direct && proxied && ratioWithin(direct, proxied);
      return found === undefined || found.n === 0 ? undefined : found;
    };
    const writes = ratio('writeThroughput');
    if (writes === undefined) continue;
    const latency = ratio('writeLatencyP50');
    const slower = latency === undefined ? '' : `, and its median write took ${said(latency)} times as long`;
    return (
      `Compared within rounds, ${topology.name} committed through proxies without faults ${said(writes)} times the writes ` +
      `that it committed without proxies${slower}: that is what the proxies cost here, in every other condition alike.`
    );
  }
  return undefined;
}

/** `0.83 (0.8 to 0.86, n = 12)` */
function said({ value, low, high, n }: PairEstimate): string {
  const interval =
    Number.isFinite(low) && Number.isFinite(high) ? `${formatNumber(low)} to ${formatNumber(high)}, ` : '';
  return `${formatNumber(value)} (${interval}n = ${n})`;
}
