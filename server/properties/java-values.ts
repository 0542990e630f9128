/** Reads the values of a configuration as Java does, so that the same text means the same here. */

const INT_RANGE = { least: -(2 ** 31), most: 2 ** 31 - 1 };
const LONG_RANGE = { least: -(2n ** 63n), most: 2n ** 63n - 1n };

/** String.trim: white space and every control character. */
export function trimJava(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(start, end);
}

/** Integer.parseInt: a sign and decimal digits; "010" is ten. */
export function parseInt32(text: string): number | undefined {
  return within(/^[+-]?\d+$/.test(text) ? Number(text) : undefined);
}

/** Long.parseLong. A value beyond 2^53 is the nearest double, which no setting can tell apart. */
export function parseInt64(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  return withinLong(text.startsWith('-'), text.replace(/^[+-]/, ''));
}

/**
 * Integer.decode, which reads system properties: decimal, "0x", "0X" or "#" for hexadecimal, "0" for octal.
 */
export function decodeInt32(text: string): number | undefined {
  return within(decodeInt64(text));
}

/** Long.decode. */
export function decodeInt64(text: string): number | undefined {
  const [, sign, prefix, digits] = /^([+-]?)(0[xX]|#|0(?=.))?([\da-fA-F]+)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  if (prefix === undefined) return /^\d+$/.test(digits) ? withinLong(sign === '-', digits) : undefined;
  if (prefix !== '0') return withinLong(sign === '-', digits, '0x');
  return /^[0-7]+$/.test(digits) ? withinLong(sign === '-', digits, '0o') : undefined;
}

/** Whether `decodeInt64` reads the text in base 8, which hardly anybody means who writes a leading zero. */
export function isOctal(text: string): boolean {
  return /^[+-]?0[0-7]+$/.test(text) && /[1-9]/.test(text);
}

/** Double.parseDouble, except for names of infinities and of what is no number. */
export function parseDouble(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?$/.test(text)) return Number(text.replace(/[fFdD]$/, ''));
  const hexadecimal = /^([+-]?)0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)[fFdD]?$/.exec(text);
  if (hexadecimal === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent] = hexadecimal;
  if (whole + fraction === '') return undefined;
  const mantissa = Number.parseInt(whole + fraction, 16) / 16 ** fraction.length;
  return (sign === '-' ? -1 : 1) * mantissa * 2 ** Number(exponent);
}

function within(value: number | undefined): number | undefined {
  return value !== undefined && value >= INT_RANGE.least && value <= INT_RANGE.most ? value : undefined;
}

/** A digit has at most four bits, so no longer text fits into 64 bits, and none is made into a BigInt. */
const LONG_TEXT_MAX = 100;

function withinLong(negative: boolean, digits: string, base = ''): number | undefined {
  const significant = digits.replace(/^0+(?=.)/, '');
  if (significant.length > LONG_TEXT_MAX) return undefined;
  const magnitude = BigInt(base + significant);
  const value = negative ? -magnitude : magnitude;
  return value >= LONG_RANGE.least && value <= LONG_RANGE.most ? Number(value) : undefined;
}
