/** A load as a table: a row for each operation, and what decides whether its numbers count. */
import { isOpenLoop, type LoadResult, type OperationResult } from '../load/load-spec.ts';
import { LatencyHistogram, type Percentiles } from '../measure/histograms.ts';
import { fittedTable } from '../terminal.ts';
import { byOperation } from './merge-loads.ts';

export function loadTable(load: LoadResult, widthColumns = Number.POSITIVE_INFINITY): string {
  const { spec, operations, sends, driver, totals, reconnects } = load;
  const isOpen = isOpenLoop(spec.mode);
  const latency = isOpen ? 'response' : 'service';
  const seconds = spec.durationMs / 1000;
  const rows = byOperation(operations).map(row => rowOf(row, row[latency], seconds));
  const head = ['operation', 'ok', 'per second', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms', 'failed'];
  const sent = isOpen
    ? [
        `Sends: ${sends.intended} intended, ${sends.late} late by more than 5 ms, ${sends.dropped} dropped; lateness p99 ${ms(sends.lateness.p99Us)} ms.`,
      ]
    : [];
  return [
    fittedTable(rows, widthColumns, head),
    `Latency is ${isOpen ? 'from the intended start to the reply' : 'from the send to the reply, at saturation'}; a "-" is a percentile of too few samples.`,
    ...sent,
    `Total: ${totals.ok} ok (${rate(load.okPerSecond)}/s), ${totals.errors} failed, ${totals.unknown} without an answer, ${reconnects} reconnects.`,
    `Driver: ${driver.cores.toFixed(2)} cores, event loop lag p99 ${driver.loopLagP99Ms.toFixed(1)} ms.`,
    ...load.voidReasons.map(reason => `void: ${reason}`),
  ].join('\n');
}

function rowOf(row: OperationResult, encoded: OperationResult['service'], seconds: number): string[] {
  const percentiles: Percentiles = LatencyHistogram.decode(encoded).percentiles();
  const { p50Us, p95Us, p99Us, maxUs } = percentiles;
  return [
    row.operation,
    String(row.ok),
    rate(row.okInWindow / seconds),
    ms(p50Us),
    ms(p95Us),
    ms(p99Us),
    ms(maxUs),
    failuresOf(row),
  ];
}

function failuresOf({ errors, unknown }: OperationResult): string {
  const said = Object.entries(errors).map(([code, count]) => `${count} ${code}`);
  if (unknown > 0) said.push(`${unknown} without an answer`);
  return said.length === 0 ? '0' : said.join(', ');
}

function rate(perSecond: number): string {
  return perSecond >= 100 ? Math.round(perSecond).toLocaleString('en') : perSecond.toFixed(1);
}

function ms(us: number | undefined): string {
  if (us === undefined) return '-';
  return (us / 1000).toFixed(us >= 100_000 ? 0 : 2);
}
