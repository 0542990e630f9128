import { assert, suite } from '#test';
import { fc } from '#test/properties';
import type { JsonSchema } from './json-schema.ts';
import { sharedSchema } from './shared-schemas.ts';

const test = suite('bench: what a JSON Schema repeats');

const target = {
  anyOf: [
    { type: 'string', enum: ['any', 'others'], description: 'members by a word, as of this moment' },
    {
      type: 'object',
      properties: { role: { enum: ['leader', 'follower', 'observer'] } },
      required: ['role'],
    },
  ],
};

test('is said once, and referred to', () => {
  const schema = { type: 'object', properties: { from: target, to: target, count: { type: 'integer' } } };
  const to = { $ref: '#/definitions/shared1' };
  assert.equal(sharedSchema(schema), {
    type: 'object',
    properties: { from: to, to, count: { type: 'integer' } },
    definitions: { shared1: target },
  });
});

test('stays where it stands when it is short, stands once, or is no schema', () => {
  const long = { description: 'x'.repeat(200) };
  const schemas: JsonSchema[] = [
    { anyOf: [{ type: 'string' }, { items: { type: 'string' } }] },
    { properties: { target } },
    { default: { a: long, b: long }, properties: { properties: { const: long }, items: { enum: [long] } } },
  ];
  for (const schema of schemas) assert.equal(sharedSchema(schema), schema);
});

/** As an editor reads it. */
function resolved(value: unknown, definitions: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(value)) return value.map(each => resolved(each, definitions));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as { readonly $ref?: string };
  if ($ref !== undefined) return resolved(definitions[$ref.replace('#/definitions/', '')], definitions);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each, definitions)]));
}

test('means the same as before, whatever is inside of what', () => {
  const { schema } = fc.letrec<{ schema: JsonSchema }>(tie => ({
    schema: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<JsonSchema>(target, { type: 'string' }, { description: 'y'.repeat(150) }),
      fc.record({ anyOf: fc.array(tie('schema'), { maxLength: 3 }) }),
      fc.record({
        properties: fc.dictionary(fc.constantFrom('a', 'items', 'if'), tie('schema')),
      }),
      fc.record({ if: tie('schema'), items: tie('schema') }),
    ),
  }));
  fc.assert(
    fc.property(schema, drawn => {
      // As from a file: with the prototype of every object.
      const made = JSON.parse(JSON.stringify(drawn)) as JsonSchema;
      const { definitions = {}, ...shared } = sharedSchema(made);
      assert.equal(resolved(shared, definitions as JsonSchema), made);
    }),
  );
});
