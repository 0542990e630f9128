/** JSON Schemas for editors, made from the schemas by which files are read. */
import { z } from 'zod';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Editors of YAML know this version best. */
const VERSION = 'draft-7';

/** Rules that JSON Schema cannot express are left out: the file is checked by them when it is read. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...made } = z.toJSONSchema(schema, {
    io: 'input',
    target: VERSION,
    unrepresentable: 'any',
  });
  return made;
}

const VERSION_NAME = 'http://json-schema.org/draft-07/schema#';

/** A whole file for editors. */
export function schemaFile(title: string, schema: JsonSchema): JsonSchema {
  return { $schema: VERSION_NAME, title, ...wholeOrPart(schema) };
}

/** A whole file that has either form. @param key only a file of the form `keyed` has it */
export function eitherSchemaFile(
  title: string,
  key: string,
  { keyed, other }: { readonly keyed: JsonSchema; readonly other: JsonSchema },
): JsonSchema {
  // The key may stand in a file that is included.
  const parts = { anyOf: [partOf(keyed), partOf(other)] };
  return {
    $schema: VERSION_NAME,
    title,
    ...choice(key, wholeOrPart(keyed), choice(INCLUDE, parts, other)),
  };
}

const INCLUDE = 'include';

/** A file that builds on others is a part: they may have what it lacks. */
function wholeOrPart(schema: JsonSchema): JsonSchema {
  const { properties = {} } = schema as { readonly properties?: object };
  return INCLUDE in properties ? choice(INCLUDE, partOf(schema), schema) : schema;
}

function choice(key: string, present: JsonSchema, absent: JsonSchema): JsonSchema {
  // biome-ignore lint/suspicious/noThenProperty: the word is JSON Schema's
  return { if: { required: [key] }, then: present, else: absent };
}

/**
 * The same without required keys, as files are merged key by key. Lists replace each other, so their items
 * are whole; and what tells apart the kinds of a value may stand in another file.
 */
function partOf(schema: JsonSchema): JsonSchema {
  const parts = Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
    if (keyword === 'required') return [];
    const name = keyword === 'oneOf' ? 'anyOf' : keyword;
    if (PARTS.some(each => each === name)) return [[name, partsIn(value)]];
    if (name === 'properties')
      return [
        [
          name,
          Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, partsIn(each)])),
        ],
      ];
    return [[name, value]];
  });
  return Object.fromEntries(parts);
}

/** Keywords whose schemas are about the same value, or about the values of its keys. */
const PARTS = ['anyOf', 'allOf', 'then', 'else', 'additionalProperties'] as const;

function partsIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(partsIn);
  return typeof value === 'object' && value !== null ? partOf(value as JsonSchema) : value;
}

/**
 * The form of something that has its name at `key` and the options of that kind beside it.
 * @param shared properties that every kind has
 */
export function kindsSchema(
  key: string,
  kinds: readonly { readonly name: string; readonly schema: z.ZodType }[],
  shared: Readonly<Record<string, z.ZodType>> = {},
): JsonSchema {
  const common = Object.fromEntries(Object.entries(shared).map(([name, each]) => [name, jsonSchemaOf(each)]));
  const named = { [key]: { enum: kinds.map(({ name }) => name) } };
  return {
    type: 'object',
    properties: named,
    required: [key, ...Object.keys(shared).filter(name => !shared[name]!.safeParse(undefined).success)],
    allOf: kinds.map(({ name, schema }) => {
      const { properties, ...options } = jsonSchemaOf(schema);
      return {
        if: { properties: { [key]: { const: name } }, required: [key] },
        // biome-ignore lint/suspicious/noThenProperty: the word is JSON Schema's
        then: { ...options, properties: { ...named, ...common, ...(properties as JsonSchema) } },
      };
    }),
  };
}
