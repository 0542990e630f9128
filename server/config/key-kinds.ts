import { ServerError } from '../errors.ts';

/** A key of zoo.cfg: what it is called there, what it accepts, and what the server makes of it. */
export interface ConfigKey<T> {
  readonly key: string;
  /** What is accepted, as an error message and a manual say it. */
  readonly accepts: string;
  readonly default: T;
  /** What the text stands for; undefined when it is not accepted. */
  readonly read: (text: string) => T | undefined;
  readonly unit: string;
  readonly meaning: string;
}

export const INT_MAX = 2 ** 31 - 1;

interface Range {
  readonly min: number;
  readonly max?: number;
  readonly unit?: string;
}

/** @throws ServerError ZK_CONFIG_VALUE */
export function readKey<T>(key: ConfigKey<T>, text: string): T {
  const value = key.read(text);
  if (value === undefined) throw badValue(key.key, text, key.accepts);
  return value;
}

export function badValue(key: string, value: string, accepts: string): ServerError {
  const said = { key: shortened(key), value: shortened(value), accepts };
  return new ServerError('ZK_CONFIG_VALUE', `${said.key}=${said.value}: accepted is ${accepts}`, said);
}

const SHOWN_CHARS_MAX = 200;

/** For messages: a file that is no configuration at all may have lines without end. */
export function shortened(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}...`;
}

export function missingKey(key: string, path: string, by: string): ServerError {
  return new ServerError('ZK_CONFIG_MISSING', `${key} is missing in ${path}: ${by} needs it`, { key });
}

/** @throws ServerError ZK_CONFIG_MISSING */
export function needed<T>(value: T | undefined, key: string, path: string, by: string): T {
  if (value === undefined) throw missingKey(key, path, by);
  return value;
}

export function integer(key: string, initial: number, range: Range, meaning: string): ConfigKey<number> {
  const { min, max = INT_MAX, unit = '' } = range;
  return {
    key,
    accepts: `an integer from ${min} to ${max}`,
    default: initial,
    read: text => readInteger(text, min, max),
    unit,
    meaning,
  };
}

/** An integer whose absence means something of its own. */
export function optionalInteger(key: string, range: Range, meaning: string): ConfigKey<number | undefined> {
  return { ...integer(key, 0, range, meaning), default: undefined };
}

export function port(key: string, initial: number, meaning: string): ConfigKey<number> {
  return integer(key, initial, { min: 0, max: 65535, unit: 'port' }, meaning);
}

export function optionalPort(key: string, meaning: string): ConfigKey<number | undefined> {
  return { ...port(key, 0, meaning), default: undefined };
}

export function decimal(key: string, initial: number, meaning: string): ConfigKey<number> {
  return {
    key,
    accepts: 'a decimal number',
    default: initial,
    read: text => (/^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined),
    unit: '',
    meaning,
  };
}

export function flag(key: string, initial: boolean, meaning: string): ConfigKey<boolean> {
  const words = { true: true, false: false };
  return { key, accepts: 'true or false', default: initial, read: wordReader(words), unit: '', meaning };
}

/** Upstream compares these with "yes" and "no" only, and takes "true" for the default in silence. */
export function yesNo(key: string, initial: boolean, meaning: string): ConfigKey<boolean> {
  const words = { yes: true, no: false, true: true, false: false };
  return {
    key,
    accepts: 'yes, no, true or false',
    default: initial,
    read: wordReader(words),
    unit: '',
    meaning,
  };
}

export function oneOf<const W extends string>(
  key: string,
  initial: W,
  words: readonly W[],
  meaning: string,
): ConfigKey<W> {
  const read = wordReader(Object.fromEntries(words.map(word => [word, word])) as Record<string, W>);
  return { key, accepts: words.join(' or '), default: initial, read, unit: '', meaning };
}

export function text(key: string, initial: string, meaning: string): ConfigKey<string> {
  return { key, accepts: 'a text that is not empty', default: initial, read: nonEmpty, unit: '', meaning };
}

export function optionalText(key: string, meaning: string): ConfigKey<string | undefined> {
  return { ...text(key, '', meaning), default: undefined };
}

export function list(key: string, initial: readonly string[], meaning: string): ConfigKey<readonly string[]> {
  return {
    key,
    accepts: 'words with commas between them',
    default: initial,
    read: value =>
      value
        .split(',')
        .map(word => word.trim())
        .filter(word => word !== ''),
    unit: '',
    meaning,
  };
}

export function readInteger(text: string, min: number, max: number): number | undefined {
  if (!/^[+-]?\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
}

function nonEmpty(value: string): string | undefined {
  return value === '' ? undefined : value;
}

function wordReader<T>(words: Readonly<Record<string, T>>): (text: string) => T | undefined {
  return value => (Object.hasOwn(words, value.toLowerCase()) ? words[value.toLowerCase()] : undefined);
}
