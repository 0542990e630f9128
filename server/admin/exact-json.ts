import { Double } from '../metrics/double.ts';
import { PAUSE, type Pause } from '../turns/live.ts';

/**
 * JSON in the layout of upstream's AdminServer, with integers of 64 bits in full: session ids and digests do
 * not fit into the numbers that JSON.stringify takes.
 */
export type Json =
  | string
  | Double
  | number
  | bigint
  | boolean
  | null
  | JsonList
  | JsonEntries
  | readonly Json[]
  | { readonly [key: string]: Json };

/** A list whose items are made while it is written. */
export class JsonList {
  readonly items: Iterable<Json | Pause>;

  constructor(items: Iterable<Json | Pause>) {
    this.items = items;
  }
}

/** An object whose entries are made while it is written. */
export class JsonEntries {
  readonly entries: Iterable<readonly [key: string, value: Json] | Pause>;

  constructor(entries: Iterable<readonly [key: string, value: Json] | Pause>) {
    this.entries = entries;
  }
}

/** The text in small pieces; an empty one is a pause. */
export function* jsonPieces(value: Json, indent = ''): Generator<string> {
  if (isScalar(value)) yield scalarText(value);
  else if (value instanceof JsonList) yield* listPieces(value.items, indent);
  else if (value instanceof JsonEntries) yield* entryPieces(value.entries, indent);
  else if (isList(value)) yield* listPieces(value, indent);
  else yield* entryPieces(Object.entries(value), indent);
}

type Scalar = string | Double | number | bigint | boolean | null;

function isScalar(value: Json): value is Scalar {
  return value === null || typeof value !== 'object' || value instanceof Double;
}

function scalarText(value: Scalar): string {
  return typeof value === 'bigint' || value instanceof Double ? value.toString() : JSON.stringify(value);
}

function* listPieces(items: Iterable<Json | Pause>, indent: string): Generator<string> {
  let before = '[ ';
  for (const item of items) {
    if (item === PAUSE) {
      yield '';
      continue;
    }
    if (isScalar(item)) {
      yield before + scalarText(item);
    } else {
      yield before;
      yield* jsonPieces(item, indent);
    }
    before = ', ';
  }
  yield before === ', ' ? ' ]' : '[ ]';
}

function* entryPieces(
  entries: Iterable<readonly [key: string, value: Json] | Pause>,
  indent: string,
): Generator<string> {
  const inner = `${indent}  `;
  let before = '{\n';
  for (const entry of entries) {
    if (entry === PAUSE) {
      yield '';
      continue;
    }
    const [key, value] = entry;
    const start = `${before}${inner}${JSON.stringify(key)} : `;
    if (isScalar(value)) {
      yield start + scalarText(value);
    } else {
      yield start;
      yield* jsonPieces(value, inner);
    }
    before = ',\n';
  }
  yield before === '{\n' ? '{ }' : `\n${indent}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
