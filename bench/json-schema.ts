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

/** A whole file for editors. */
export function schemaFile(title: string, schema: JsonSchema): JsonSchema {
  return { $schema: 'http://json-schema.org/draft-07/schema#', title, ...schema };
}

/**
 * The form of something that has its name at `key` and the options of that kind beside it.
 * @param shared properties that every kind has; all of them are required
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
    required: [key, ...Object.keys(shared)],
    allOf: kinds.map(({ name, schema }) => {
      const { properties, ...options } = jsonSchemaOf(schema);
      return {
        if: { properties: { [key]: { const: name } } },
        // biome-ignore lint/suspicious/noThenProperty: the word is JSON Schema's
        then: { ...options, properties: { ...named, ...common, ...(properties as JsonSchema) } },
      };
    }),
  };
}
