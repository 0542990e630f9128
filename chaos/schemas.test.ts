import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '#test';
import { SCHEMAS, schemaFileName, schemaText } from './schemas.ts';

const test = suite('chaos: JSON Schemas');
const ROOT = join(import.meta.dirname, '../..');

test('the files of results/schemas/ are those of the present code', () => {
  for (const name of Object.keys(SCHEMAS))
    assert.is(
      readFileSync(schemaFileName(name), 'utf8'),
      schemaText(name),
      `${name}: "node dist/.ci/json-schemas.js" makes it again`,
    );
});

test('every shipped YAML file names its schema, relative to itself', () => {
  for (const folder of ['bench/suites', 'bench/workloads', 'bench/compare/gates', 'chaos/schedules'])
    for (const file of readdirSync(join(ROOT, folder)).filter(name => name.endsWith('.yaml'))) {
      const [first = ''] = readFileSync(join(ROOT, folder, file), 'utf8').split('\n');
      const path = /^# yaml-language-server: \$schema=(.+)$/.exec(first)?.[1];
      assert.ok(path !== undefined && existsSync(join(ROOT, folder, path)), `${folder}/${file}: ${first}`);
    }
});

test('the kinds of a step have their own options, and keys are described', () => {
  const schedule = JSON.stringify(SCHEMAS.schedule!.make());
  assert.match(schedule, '"if":{"properties":{"fault":{"const":"latency"}},"required":["fault"]}');
  assert.match(schedule, '"latencyMs"');
  assert.match(JSON.stringify(SCHEMAS.suite!.make()), 'How often all ensembles are started anew');
});

test('a workload that replays has keys of its own, and needs none of a workload that is drawn', () => {
  const { if: asked, then: replayed, else: drawn } = SCHEMAS.workload!.make() as unknown as Choice;
  assert.equal(asked.required, ['replay']);
  const { else: whole } = replayed as Choice;
  assert.equal(Object.keys(whole.properties!), ['include', 'description', 'replay', 'speed', 'root']);
  assert.equal(whole.required, ['description', 'replay']);
  assert.is(whole.additionalProperties, false);
  assert.ok((drawn as Choice).else.required!.includes('operations'));
});

interface Form {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Form>>;
  readonly additionalProperties?: boolean;
  readonly anyOf?: readonly Form[];
}

interface Choice {
  readonly if: Form;
  readonly then: Form | Choice;
  readonly else: Form & Choice;
}

test('planted: a file that includes others needs no key, at any depth, and may have no unknown one', () => {
  for (const [name, { make }] of Object.entries(SCHEMAS)) {
    if (name === 'result') continue;
    const whole = make() as unknown as Choice;
    const hasKinds = 'else' in whole.else;
    const { if: asked, then: part, else: alone } = hasKinds ? whole.else : whole;
    assert.equal(asked, { required: ['include'] }, name);
    for (const form of (part as Form).anyOf ?? [part as Form]) {
      assert.equal(requiredIn(form), [], name);
      assert.is(form.additionalProperties, false, name);
    }
    // A gate has one of its sections, and a topology its members in one of two forms.
    const needsNone = name === 'gate' || name === 'topology';
    assert.is(needsNone, (alone as Form).required === undefined, name);
  }
});

/** The keys that a value must have, without those of items of lists, which are never merged. */
function requiredIn(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(requiredIn);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([keyword, value]) => {
    if (keyword === 'items' || keyword === 'if') return [];
    return keyword === 'required' && Array.isArray(value) ? value.map(String) : requiredIn(value);
  });
}

test('one file may have the axes of a matrix, and a file that includes it the rest', () => {
  const { else: claims } = SCHEMAS.suite!.make() as unknown as Choice;
  const keys = (claims.then as Form).anyOf!.map(({ properties = {} }) => 'matrix' in properties);
  assert.equal(keys, [true, false]);
});

test('an unknown schema is refused by name', () => {
  assert.throws(() => schemaText('suit'), /no schema is named "suit"; accepted are suite, topology/);
});
