/** Times as people write them on a command line. */
import { InvalidArgumentError } from 'commander';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Parses `500ms`, `10s`, `1.5m` or `2h` to milliseconds within the bounds. */
export function duration(minMs: number, maxMs: number): (text: string) => number {
  return text => {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
    const ms = Math.round(Number(digits) * (UNITS_MS[unit] ?? Number.NaN));
    if (ms >= minMs && ms <= maxMs) return ms;
    throw new InvalidArgumentError(
      `A time with its unit (500ms, 10s, 2m) from ${durationText(minMs)} to ${durationText(maxMs)} is accepted.`,
    );
  };
}

/** In the largest unit that keeps it whole. A time that was measured is said in whole seconds. */
export function durationText(time: number): string {
  const ms = Number.isInteger(time) ? time : Math.max(1, Math.round(time / 1_000)) * 1_000;
  const [unit, size] = Object.entries(UNITS_MS).findLast(([, each]) => ms % each === 0 && ms >= each) ?? [
    'ms',
    1,
  ];
  return `${ms / size}${unit}`;
}
