/** Numbers as people read them: in reasons of claims, on a terminal, and in reports. */
import type { Estimate } from './schema.ts';

const plain = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const significant = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** Three significant digits, no decimals above 1,000. A median of a few rounds is not more precise. */
export function formatNumber(value: number): string {
  const shown = Math.abs(value) >= 1000 ? plain.format(value) : significant.format(value);
  return shown === '-0' ? '0' : shown.replace('-', '−');
}

/** Units that are plural words. */
const COUNTED: readonly string[] = [
  'messages',
  'requests',
  'connections',
  'learners',
  'followers',
  'samples',
  'zxids',
  'bytes',
];

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
