import { Double } from '../metrics/double.ts';
import { leaderLines, type MonitorLine } from './monitor.ts';
import type { ServerView } from './server-view.ts';

type MetricType = 'gauge' | 'counter' | 'summary';

/** Metrics that are read like gauges here and are counters upstream, because they only grow. */
const GROWING: ReadonlySet<string> = new Set(['response_bytes', 'watch_bytes', 'bytes_received_count']);

/**
 * All metrics in Prometheus's text format 0.0.4, with the names, types and help texts of upstream's provider.
 * Gauges appear only while the server serves, as with upstream.
 */
export function* prometheusLines(view: ServerView): Generator<string> {
  const { metrics, guard } = view;
  if (view.active !== null) {
    for (const [name, read] of metrics.gauges) {
      const value = guard.run(`the metric ${name}`, read, undefined);
      if (value !== undefined) yield gauge([name, value]);
    }
    for (const line of leaderLines(view)) yield gauge(line);
  }
  for (const [name, { value }] of metrics.counters) yield family(name, 'counter', [['', value]]);
  for (const [name, { count, sum }] of metrics.summaries) {
    const samples: Sample[] = [
      ['_count', count],
      ['_sum', sum],
    ];
    yield family(name, 'summary', samples);
  }
  for (const [name, { messages, bytes }] of metrics.traffic) {
    yield family(`traffic_${name}_messages`, 'counter', [['', messages]]);
    yield family(`traffic_${name}_bytes`, 'counter', [['', bytes]]);
  }
}

function gauge([name, shown]: MonitorLine): string {
  const value = shown instanceof Double ? shown.value : shown;
  if (typeof value !== 'number') return '';
  return family(name, GROWING.has(name) ? 'counter' : 'gauge', [['', value]]);
}

type Sample = readonly [suffix: string, value: number];

/** One wrong name would lose the whole answer: Prometheus reads all of it or nothing. */
function family(anyName: string, type: MetricType, samples: readonly Sample[]): string {
  const name = anyName.replace(/[^a-zA-Z0-9_:]/g, '_');
  const values = samples.map(([suffix, value]) => `${name}${suffix} ${floatText(value)}\n`);
  return `# HELP ${name} ${name}\n# TYPE ${name} ${type}\n${values.join('')}`;
}

/** Prints a number as the format reads it: `+Inf`, `-Inf` and `NaN` are numbers too. */
function floatText(value: number): string {
  if (Number.isInteger(value)) return value.toFixed(1);
  return String(value).replace(/^(-?)Infinity$/, (_, sign: string) => `${sign || '+'}Inf`);
}
