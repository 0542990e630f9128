import type { Estimate, Summary } from '../results/schema.ts';

const plain = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const significant = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** Three significant digits, no decimals above 1,000. A median of a few rounds is not more precise. */
export function formatNumber(value: number): string {
  const shown = Math.abs(value) >= 1000 ? plain.format(value) : significant.format(value);
  return shown === '-0' ? '0' : shown.replace('-', '−');
}

/** Units that are plural words. */
const COUNTED: readonly string[] = ['messages', 'connections', 'samples'];

export function formatUnit(value: number, unit: string): string {
  if (unit === '' || unit === 'ratio') return formatNumber(value) + (unit === 'ratio' ? '×' : '');
  if (unit === '%') return `${formatNumber(value)} %`;
  const one = value === 1 && COUNTED.includes(unit);
  return `${formatNumber(value)} ${one ? unit.slice(0, -1) : unit}`;
}

/**
 * `1,790–1,880`, or an empty text without an interval. The coverage follows when it is not 95 %: `1–5 at 94
 * %`.
 */
export function formatInterval(bounds: Pick<Estimate, 'low' | 'high' | 'confidence'>): string {
  if (bounds.low === null || bounds.high === null) return '';
  const separator = bounds.low < 0 || bounds.high < 0 ? ' to ' : '–';
  const interval = `${formatNumber(bounds.low)}${separator}${formatNumber(bounds.high)}`;
  return bounds.confidence === undefined
    ? interval
    : `${interval} at ${formatUnit(Math.round(bounds.confidence * 100), '%')}`;
}

/** `1,840 writes/s (1,790–1,880, n 6)` */
export function formatEstimate(estimate: Estimate): string {
  const interval = formatInterval(estimate);
  const inner = interval === '' ? `n ${estimate.n}` : `${interval}, n ${estimate.n}`;
  return `${formatUnit(estimate.value, estimate.unit)} (${inner})`;
}

export function formatSummary(summary: Summary, unit: string): string {
  if (summary.median === null) return `no sample (n ${summary.n})`;
  return formatEstimate({ ...summary, value: summary.median, unit });
}

/** Whole percent with a sign: −3 %. */
export function formatChange(from: number, to: number): string {
  const percent = Math.round((to / from - 1) * 100);
  if (percent === 0) return '±0 %';
  return `${percent > 0 ? '+' : '−'}${Math.abs(percent)} %`;
}

export function formatDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${formatNumber(bytes / 1024 ** power)} ${units[power]}`;
}
