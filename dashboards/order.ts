import { CONDITIONS, METRICS, type Metric, observerLatencyOf } from '../results/names.ts';
import type { Measurement } from '../results/schema.ts';

/** The measured metrics: known ones in their fixed order, then others in order of appearance. */
export function metricsOf(measurements: readonly Measurement[]): Metric[] {
  const found = new Map(measurements.map(item => [item.metric, item]));
  const known = METRICS.filter(metric => found.has(metric.name));
  const names = new Set(METRICS.map(metric => metric.name));
  const others = [...found.values()]
    .filter(item => !names.has(item.metric))
    .map(item => ({
      name: item.metric,
      title: titleFromName(item.metric),
      unit: item.unit,
      higherIsBetter: item.higherIsBetter,
    }));
  return [...known, ...others];
}

/** Conditions that occur in `items`, the standard ones first. */
export function conditionsOf(items: readonly { readonly condition: string }[]): string[] {
  const found = new Set(items.map(item => item.condition));
  const latencies = [...found].filter(condition => observerLatencyOf(condition) !== undefined);
  const known: string[] = Object.values(CONDITIONS).flatMap(condition =>
    condition === CONDITIONS.observerLatency ? latencies : found.has(condition) ? [condition] : [],
  );
  return [...known, ...[...found].filter(condition => !known.includes(condition))];
}

/** The sample that a report shows of a metric whose worst round counts; undefined of other metrics. */
export function worstOf({ metric, samples }: Measurement): number | undefined {
  const known = METRICS.find(({ name }) => name === metric);
  if (known?.worstCounts === undefined || samples.length === 0) return undefined;
  const values = samples.map(({ value }) => value);
  return known.higherIsBetter ? Math.min(...values) : Math.max(...values);
}

/** The title of a metric for readers. */
export function titleOf(name: string): string {
  return METRICS.find(metric => metric.name === name)?.title ?? titleFromName(name);
}

/** `leaderQueueBytes` -> `Leader queue bytes` */
export function titleFromName(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
    .replace(/\bcpu\b/, 'CPU')
    .replace(/\bapache\b/, 'Apache');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
