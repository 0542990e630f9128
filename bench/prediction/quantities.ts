/** Quantities with units, as a person types them: 1gbit, 2ms. */
import { UsageError } from '../usage-error.ts';

const BITS: Readonly<Record<string, number>> = { kbit: 1e3, mbit: 1e6, gbit: 1e9 };
const MS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3 };

const RATE_BITS = { min: 1e3, max: 1e12 };
const DURATION_MS_MAX = 10_000;
const CORES = { min: 0.01, max: 1_024 };

/** Bytes per second of `100mbit`. @throws UsageError */
export function bandwidth(option: string, text: string): number {
  const bits = withUnit(text, BITS);
  if (bits !== undefined && bits >= RATE_BITS.min && bits <= RATE_BITS.max) return bits / 8;
  throw refusal(option, text, 'a number with kbit, mbit or gbit, from 1kbit to 1000gbit, such as 1gbit');
}

/** Ms of `2ms`; 0 without a unit is accepted too. @throws UsageError */
export function shortTime(option: string, text: string): number {
  const ms = text.trim() === '0' ? 0 : withUnit(text, MS);
  if (ms !== undefined && ms <= DURATION_MS_MAX) return ms;
  throw refusal(option, text, 'a number with us, ms or s, up to 10s, such as 2ms');
}

/** @throws UsageError */
export function cores(option: string, text: string): number {
  const value = plainNumber(text);
  if (value !== undefined && value >= CORES.min && value <= CORES.max) return value;
  throw refusal(option, text, `a number of cores from ${CORES.min} to ${CORES.max}, such as 4`);
}

/** @throws UsageError */
export function oneOf<T extends string>(option: string, text: string, accepted: readonly T[]): T {
  const found = accepted.find(each => each === text);
  if (found !== undefined) return found;
  throw refusal(option, text, accepted.join(', '));
}

function withUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, value = '', unit = ''] = /^([\d.]+)\s*([a-z]+)$/i.exec(text.trim()) ?? [];
  const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  const number = plainNumber(value);
  return factor === undefined || number === undefined ? undefined : number * factor;
}

function plainNumber(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}

function refusal(option: string, text: string, accepted: string): UsageError {
  return new UsageError(`${option} ${text}: accepted is ${accepted}`);
}
