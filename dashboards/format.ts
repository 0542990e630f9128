import { formatEstimate, formatNumber } from '../results/number-text.ts';
import type { Summary } from '../results/schema.ts';

export { formatEstimate, formatInterval, formatNumber, formatUnit } from '../results/number-text.ts';

export function formatSummary(summary: Summary, unit: string): string {
  if (summary.median === null) return `no sample (n ${summary.n})`;
  return formatEstimate({ ...summary, value: summary.median, unit });
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
