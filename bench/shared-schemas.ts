import type { JsonSchema } from './json-schema.ts';

/** A shorter schema is easier to read where it stands. */
const SHARED_CHARACTERS_MIN = 120;

/** Keywords that have one schema, a list of schemas, or schemas by key. */
const ONE_OR_LIST = new Set([
  ...['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'],
  ...['anyOf', 'allOf', 'oneOf'],
]);
const BY_KEY = new Set(['properties', 'patternProperties']);

/**
 * The same schema, in which what stands in several places is said once, in `definitions`: a schedule names
 * the members of an ensemble in forty faults.
 */
export function sharedSchema(schema: JsonSchema): JsonSchema {
  const counts = new Map<string, number>();
  const count = (one: JsonSchema): JsonSchema => {
    const text = JSON.stringify(one);
    const known = counts.get(text) ?? 0;
    counts.set(text, known + 1);
    return known > 0 ? one : within(one, count);
  };
  within(schema, count);

  const definitions: Record<string, JsonSchema> = {};
  const names = new Map<string, string>();
  const share = (one: JsonSchema): JsonSchema => {
    const text = JSON.stringify(one);
    if (text.length < SHARED_CHARACTERS_MIN || counts.get(text) === 1) return within(one, share);
    if (!names.has(text)) {
      const name = `shared${names.size + 1}`;
      names.set(text, name);
      definitions[name] = within(one, share);
    }
    return { $ref: `#/definitions/${names.get(text)}` };
  };
  const shared = within(schema, share);
  return names.size === 0 ? shared : { ...shared, definitions };
}

/** The same schema with each schema directly inside of it changed. */
function within(schema: JsonSchema, change: (one: JsonSchema) => JsonSchema): JsonSchema {
  const changed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(changed);
    return typeof value === 'object' && value !== null ? change(value as JsonSchema) : value;
  };
  const entries = Object.entries(schema).map(([keyword, value]) => {
    if (ONE_OR_LIST.has(keyword)) return [keyword, changed(value)];
    if (!BY_KEY.has(keyword)) return [keyword, value];
    const each = Object.entries(value as Readonly<Record<string, unknown>>);
    return [keyword, Object.fromEntries(each.map(([key, one]) => [key, changed(one)]))];
  });
  return Object.fromEntries(entries);
}
