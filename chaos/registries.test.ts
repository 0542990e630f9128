/**
 * What every registry promises: each entry has a unique name, one line of description, and a schema that
 * limits every option.
 */
import { assert, suite } from '#test';
import { CHECKERS } from './checkers/index.ts';
import { EXPERIMENTS } from './experiments/index.ts';
import { FAULTS } from './faults/index.ts';
import { SIMULATED_FAULTS } from './simulation/faults/index.ts';
import { WORKLOADS } from './workloads/index.ts';

const test = suite('chaos: registries');

const REGISTRIES: Readonly<
  Record<string, readonly { readonly name: string; readonly description: string }[]>
> = {
  faults: FAULTS,
  'simulated faults': SIMULATED_FAULTS.map(({ kind, description }) => ({ name: kind, description })),
  workloads: WORKLOADS,
  checkers: CHECKERS,
  experiments: EXPERIMENTS,
};

for (const [registry, entries] of Object.entries(REGISTRIES))
  test(`${registry}: each entry has a unique name and one line of description`, () => {
    assert.is(new Set(entries.map(({ name }) => name)).size, entries.length);
    for (const { name, description } of entries)
      assert.match(description, /^\S[^\n]{10,100}[^.\s]$/, `${name}: "${description}"`);
  });

test('simulated faults: the schema contains the kind, and every drawn fault is valid', () => {
  for (const { kind, schema } of SIMULATED_FAULTS)
    assert.is((schema.shape.kind as { def: { values: unknown[] } } | undefined)?.def.values[0], kind);
});

test('workloads: each starts with its defaults alone, and is judged by existing checkers', () => {
  for (const { name, schema, judgedBy } of WORKLOADS) {
    assert.ok(schema.safeParse({}).success, name);
    for (const checker of judgedBy)
      assert.ok(
        CHECKERS.some(each => each.name === checker),
        `${name}: ${checker}`,
      );
  }
});

test('faults of links need proxies, faults of processes need processes', () => {
  const here = (links: boolean, processes: boolean) =>
    FAULTS.filter(fault => fault.available({ links, processes }) === undefined).map(({ name }) => name);
  assert.equal([here(false, false), here(true, true)], [[], FAULTS.map(({ name }) => name)]);
  assert.equal([here(true, false).includes('refuse'), here(true, false).includes('kill')], [true, false]);
  assert.equal([here(false, true).includes('refuse'), here(false, true).includes('kill')], [false, true]);
});
