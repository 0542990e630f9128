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
  assert.match(schedule, '"if":{"properties":{"fault":{"const":"latency"}}}');
  assert.match(schedule, '"latencyMs"');
  assert.match(JSON.stringify(SCHEMAS.suite!.make()), 'How often all ensembles are started anew');
});

test('a workload that replays has keys of its own, and needs none of a workload that is drawn', () => {
  const { if: asked, then: replayed, else: drawn } = SCHEMAS.workload!.make() as Record<string, Form>;
  assert.equal(asked!.required, ['replay']);
  assert.equal(Object.keys(replayed!.properties!), ['include', 'description', 'replay', 'speed', 'root']);
  assert.equal(replayed!.required, ['description', 'replay']);
  assert.is(replayed!.additionalProperties, false);
  assert.ok(drawn!.required!.includes('operations'));
});

interface Form {
  readonly required?: readonly string[];
  readonly properties?: object;
  readonly additionalProperties?: boolean;
}

test('an unknown schema is refused by name', () => {
  assert.throws(() => schemaText('suit'), /no schema is named "suit"; accepted are suite, topology/);
});
