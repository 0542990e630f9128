/**
 * JSON in the layout of upstream's AdminServer, with integers of 64 bits in full: session ids and digests do not fit
 * into the numbers that JSON.stringify takes.
 */
export type Json =
  | string
  | Double
  | number
  | bigint
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/**
 * What upstream holds as a double. It has a decimal point even where it is whole: an agent that takes the type of a metric from
 * its first value must not see an integer first and a fraction later.
 */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toString(): string {
    const text = String(Math.round(this.value * 10_000) / 10_000);
    return text.includes('.') ? text : `${text}.0`;
  }
}

export function toExactJson(value: Json, indent = ''): string {
  if (typeof value === 'bigint' || value instanceof Double) return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) {
    return value.length === 0 ? '[ ]' : `[ ${value.map(item => toExactJson(item, indent)).join(', ')} ]`;
  }
  const inner = `${indent}  `;
  const lines = Object.entries(value).map(
    ([key, item]) => `${inner}${JSON.stringify(key)} : ${toExactJson(item, inner)}`,
  );
  return lines.length === 0 ? '{ }' : `{\n${lines.join(',\n')}\n${indent}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
