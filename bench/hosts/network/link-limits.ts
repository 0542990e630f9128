/** What the network of one member is limited to, in the words of tc(8): `100mbit`, `25ms`. */

export interface LinkLimits {
  /** Of all that the member sends, and again of all that it receives. @default as much as it gets */
  readonly bandwidth?: string | undefined;
  /** Added to each packet that it sends, and to each that it receives. @default nothing */
  readonly delay?: string | undefined;
}

const BITS: Readonly<Record<string, number>> = { kbit: 1e3, mbit: 1e6, gbit: 1e9 };
const BITS_PER_S_MIN = 100e3;
const BITS_PER_S_MAX = 100e9;
const DELAY_MS_MAX = 10_000;

export const BANDWIDTH_ACCEPTED = 'a rate from 100kbit to 100gbit, such as 100mbit';
export const DELAY_ACCEPTED = 'a time up to 10000ms, such as 25ms';

/** In bits per second; undefined if the text is none of the rates that are accepted. */
export function bitsPerSecond(text: string): number | undefined {
  const [, value, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(kbit|mbit|gbit)$/.exec(text) ?? [];
  const bits = Number(value) * (BITS[unit] ?? Number.NaN);
  return bits >= BITS_PER_S_MIN && bits <= BITS_PER_S_MAX ? bits : undefined;
}

/** In ms; undefined if the text is none of the times that are accepted. */
export function delayMs(text: string): number | undefined {
  const [, value] = /^(\d{1,5}(?:\.\d{1,3})?)ms$/.exec(text) ?? [];
  const ms = Number(value);
  return ms > 0 && ms <= DELAY_MS_MAX ? ms : undefined;
}
