import { ServerError } from '../errors.ts';
import { decodeInt32, decodeInt64, isOctal, parseDouble, parseInt32 } from './java-values.ts';

/**
 * A key of zoo.cfg: its name, the values that it accepts, and what the server makes of them.
 *
 * Upstream reads its keys in two ways, and so do the two groups of functions below. QuorumPeerConfig parses
 * some keys itself, and refuses the start on a value that it does not accept. All other keys become system
 * properties. When Java cannot read one, it takes the default: the server starts, and warns.
 */
export interface ConfigKey<T> {
  readonly key: string;
  /** What is accepted, in the words of an error message. */
  readonly accepts: string;
  readonly default: T;
  /** What the text stands for; undefined when it is not accepted. */
  readonly read: (text: string) => T | undefined;
  /** What the server uses instead of a text that is not accepted; undefined when it refuses to start. */
  readonly instead: (text: string) => { readonly value: T } | undefined;
  /** A warning about an accepted text; undefined for none. */
  readonly remark?: (text: string) => string | undefined;
  readonly unit: string;
  readonly meaning: string;
  /** Upstream reads it from zoo.cfg alone, and never from a system property. */
  readonly onlyInFile: boolean;
}

export const INT_MAX = 2 ** 31 - 1;
export const PORT_MAX = 65_535;

interface Range {
  readonly min: number;
  readonly max?: number;
  readonly unit?: string;
  /** The value that upstream silently uses for every smaller number. */
  readonly below?: number;
}

interface PropertyRange extends Range {
  /** Upstream raises smaller numbers to `min`, with a warning. */
  readonly raised?: true;
}

/** @throws ServerError ZK_CONFIG_VALUE */
export function readKey<T>(key: ConfigKey<T>, text: string, warnings: string[]): T {
  const value = key.read(text);
  if (value !== undefined) {
    const remark = key.remark?.(text);
    if (remark !== undefined) warnings.push(`${key.key}=${shortened(text)}: ${remark}`);
    return value;
  }
  const instead = key.instead(text);
  if (instead === undefined) throw badValue(key.key, text, key.accepts);
  const used = instead.value === key.default ? `the default, ${instead.value},` : `${instead.value}`;
  warnings.push(
    `${key.key}=${shortened(text)} is not accepted; accepted is ${key.accepts}; ${used} is used, as by Apache ZooKeeper`,
  );
  return instead.value;
}

export function badValue(key: string, value: string, accepts: string): ServerError {
  const said = { key: shortened(key), value: shortened(value), accepts };
  return new ServerError(
    'ZK_CONFIG_VALUE',
    `${said.key}=${said.value} is not accepted; accepted is ${accepts}`,
    said,
  );
}

const SHOWN_CHARS_MAX = 200;

/** Shortens text for a message: a file that is no configuration may have very long lines. */
export function shortened(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}...`;
}

export function missingKey(key: string, path: string, by: string): ServerError {
  return new ServerError('ZK_CONFIG_MISSING', `${key} is missing in ${path}; it is needed for ${by}`, {
    key,
  });
}

/** @throws ServerError ZK_CONFIG_MISSING */
export function needed<T>(value: T | undefined, key: string, path: string, by: string): T {
  if (value === undefined) throw missingKey(key, path, by);
  return value;
}

/** A key whose absence has a meaning of its own. */
export function optional<T>(key: ConfigKey<T>): ConfigKey<T | undefined> {
  return { ...key, default: undefined };
}

// Keys that QuorumPeerConfig parses itself.

/** As Integer.parseInt reads it. */
export function integer(key: string, initial: number, range: Range, meaning: string): ConfigKey<number> {
  const { min, max = INT_MAX, unit = '' } = range;
  const accepts = `an integer from ${min} to ${max}`;
  return {
    key,
    accepts,
    default: initial,
    read: text => inRange(parseInt32(text), range),
    instead: refused,
    unit,
    meaning,
    onlyInFile: true,
  };
}

/** An integer whose absence has a meaning of its own. */
export function optionalInteger(key: string, range: Range, meaning: string): ConfigKey<number | undefined> {
  return { ...integer(key, 0, range, meaning), default: undefined };
}

export function optionalPort(key: string, meaning: string): ConfigKey<number | undefined> {
  return optionalInteger(key, { min: 0, max: 65535, unit: 'port' }, meaning);
}

export function flag(key: string, initial: boolean, meaning: string): ConfigKey<boolean> {
  const read = (text: string) => BOOLEANS.get(text.toLowerCase());
  const accepts = 'true or false';
  return { key, accepts, default: initial, read, instead: refused, unit: '', meaning, onlyInFile: true };
}

export function oneOf<const W extends string>(
  key: string,
  initial: W,
  words: readonly W[],
  meaning: string,
): ConfigKey<W> {
  const read = (text: string) => words.find(word => word === text.toLowerCase());
  const accepts = words.join(' or ');
  return { key, accepts, default: initial, read, instead: refused, unit: '', meaning, onlyInFile: true };
}

// System properties.

/** As Integer.getInteger reads it: decimal, hexadecimal or octal. */
export function integerProperty(
  key: string,
  initial: number,
  range: PropertyRange,
  meaning: string,
): ConfigKey<number> {
  return numberProperty(key, initial, range, decodeInt32, meaning);
}

/** As Long.getLong reads it. Numbers above `max` mean `max`. */
export function longProperty(
  key: string,
  initial: number,
  range: PropertyRange,
  meaning: string,
): ConfigKey<number> {
  const { max = INT_MAX } = range;
  const decode = (text: string) => {
    const value = decodeInt64(text);
    return value === undefined ? undefined : Math.min(value, max);
  };
  return numberProperty(key, initial, range, decode, meaning);
}

/** A property that upstream reads by Integer.parseInt or Long.parseLong, taking the default if that fails. */
export function decimalProperty(
  key: string,
  initial: number,
  range: PropertyRange,
  parse: (text: string) => number | undefined,
  meaning: string,
): ConfigKey<number> {
  const { max = INT_MAX } = range;
  const parseUpTo = (text: string) => {
    const value = parse(text);
    return value === undefined ? undefined : Math.min(value, max);
  };
  const { remark: _, ...property } = numberProperty(key, initial, range, parseUpTo, meaning);
  return { ...property, accepts: rangeText(range) };
}

function numberProperty(
  key: string,
  initial: number,
  range: PropertyRange,
  decode: (text: string) => number | undefined,
  meaning: string,
): ConfigKey<number> {
  const { min, unit = '' } = range;
  return {
    key,
    accepts: `${rangeText(range)}, decimal, or hexadecimal after 0x, or octal after 0`,
    default: initial,
    read: text => inRange(decode(text), range),
    instead: text => {
      const value = decode(text);
      return { value: range.raised && value !== undefined && value < min ? min : initial };
    },
    remark: text =>
      isOctal(text) ? `a leading 0 makes the number octal, as in Java: ${decode(text)}` : undefined,
    unit,
    meaning,
    onlyInFile: false,
  };
}

/** As Double.parseDouble reads it. */
export function fractionProperty(
  key: string,
  initial: number,
  max: number,
  meaning: string,
): ConfigKey<number> {
  return {
    key,
    accepts: `a number of at most ${max}`,
    default: initial,
    read: text => {
      const value = parseDouble(text);
      return value !== undefined && value <= max ? value : undefined;
    },
    instead: () => ({ value: initial }),
    unit: '',
    meaning,
    onlyInFile: false,
  };
}

/** As Boolean.parseBoolean reads it: everything but "true" is false. */
export function flagProperty(key: string, initial: boolean, meaning: string): ConfigKey<boolean> {
  return { ...flag(key, initial, meaning), instead: () => ({ value: false }), onlyInFile: false };
}

/** A property that upstream compares with one word, case-sensitively; anything else means the default. */
export function wordProperty(
  key: string,
  initial: boolean,
  words: { readonly on: string; readonly off: string },
  meaning: string,
): ConfigKey<boolean> {
  const accepts = `${words.on} or ${words.off}`;
  const read = (text: string) => (text === words.on ? true : text === words.off ? false : undefined);
  const instead = () => ({ value: initial });
  return { key, accepts, default: initial, read, instead, unit: '', meaning, onlyInFile: false };
}

/** A property whose empty value is no value. */
export function textProperty(key: string, initial: string, meaning: string): ConfigKey<string> {
  const instead = () => ({ value: initial });
  return {
    key,
    accepts: NOT_EMPTY,
    default: initial,
    read: nonEmpty,
    instead,
    unit: '',
    meaning,
    onlyInFile: false,
  };
}

/** A path below the root of a URL, without a slash at its end. */
export function pathProperty(key: string, initial: string, meaning: string): ConfigKey<string> {
  const read = (value: string) => value.replace(/^\/*(?=[^/])/, '/').replace(/\/+$/, '');
  const accepts = 'a path';
  return { key, accepts, default: initial, read, instead: refused, unit: '', meaning, onlyInFile: false };
}

/** Any text, even an empty one. */
export function anyText(key: string, meaning: string): ConfigKey<string | undefined> {
  return { ...optionalText(key, meaning), accepts: 'a text', read: value => value };
}

export function anyTextProperty(key: string, meaning: string): ConfigKey<string | undefined> {
  return { ...anyText(key, meaning), onlyInFile: false };
}

export function optionalText(key: string, meaning: string): ConfigKey<string | undefined> {
  return {
    key,
    accepts: NOT_EMPTY,
    default: undefined,
    read: nonEmpty,
    instead: refused,
    unit: '',
    meaning,
    onlyInFile: true,
  };
}

export function list(key: string, initial: readonly string[], meaning: string): ConfigKey<readonly string[]> {
  const words = (value: string) =>
    value
      .split(',')
      .map(word => word.trim())
      .filter(word => word !== '');
  const accepts = 'words with commas between them';
  return {
    key,
    accepts,
    default: initial,
    read: words,
    instead: refused,
    unit: '',
    meaning,
    onlyInFile: false,
  };
}

const NOT_EMPTY = 'a text that is not empty';
const BOOLEANS = new Map([
  ['true', true],
  ['false', false],
]);

export function readInteger(text: string, min: number, max: number): number | undefined {
  if (!/^[+-]?\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
}

function inRange(value: number | undefined, { min, max = INT_MAX, below }: Range): number | undefined {
  if (value === undefined || value > max) return undefined;
  return value < min ? below : value;
}

function rangeText({ min, max = INT_MAX }: Range): string {
  return `an integer from ${min} to ${max}`;
}

function refused(): undefined {
  return undefined;
}

function nonEmpty(value: string): string | undefined {
  return value === '' ? undefined : value;
}
