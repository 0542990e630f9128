/**
 * What every registry promises: each entry has a unique name, one line of description, and a schema that
 * limits every option.
 */
import { assert, suite } from '#test';
import { noCpuBudget } from '../bench/hosts/cpu-budget.ts';
import { noMemoryLimit } from '../bench/hosts/memory-limit.ts';
import { readTopology } from '../bench/topology/read-topology.ts';
import { SeededRandom } from '../server/runtime/seeded-random.ts';
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

/** What this machine lacks the cgroups for. */
const REFUSED_HERE = [
  ...(noCpuBudget() === undefined ? [] : ['cpu-starvation']),
  ...(noMemoryLimit() === undefined ? [] : ['memory-pressure']),
];

test('faults of links need proxies, faults of processes need processes', () => {
  const here = (links: boolean, processes: boolean) =>
    FAULTS.filter(fault => fault.available({ links, processes }) === undefined).map(({ name }) => name);
  const ofThisMachine = FAULTS.filter(({ name }) => !REFUSED_HERE.includes(name));
  assert.equal([here(false, false), here(true, true)], [[], ofThisMachine.map(({ name }) => name)]);
  assert.equal([here(true, false).includes('refuse'), here(true, false).includes('kill')], [true, false]);
  assert.equal([here(false, true).includes('refuse'), here(false, true).includes('kill')], [false, true]);
});

/** They have no options, or need settings that these shapes do not have. */
const DRAWN_ALIKE = ['outage', 'quorum-loss', 'reconfiguration'];
const SHAPES = ['voters=1', 'voters=3', 'voters=5 observers=3', 'voters=3 observers=2 masters=on'];

test('faults: what is drawn is what a person may write, and differs from run to run', () => {
  for (const shape of SHAPES)
    for (const { name, draw, schema } of FAULTS) {
      const drawn = new Set<string>();
      for (let seed = 0; seed < 100; seed++) {
        const random = new SeededRandom(seed);
        const step = draw?.(random.fork('ranges'), readTopology(shape));
        for (let at = 0; at < 3 && step !== undefined; at++) {
          const written = JSON.parse(JSON.stringify(step(random)));
          const read = schema.safeParse(written);
          assert.ok(read.success, `${name} on ${shape}: ${JSON.stringify(written)}: ${read.error}`);
          drawn.add(JSON.stringify(written));
        }
      }
      if (shape === 'voters=5 observers=3' && draw !== undefined && !DRAWN_ALIKE.includes(name))
        assert.ok(drawn.size > 1, `${name}: ${[...drawn].join()}`);
    }
});

const OURS = { processes: true, implementations: ['zklab'] };

test('faults: every fault of links can be drawn, and none where there is one member', () => {
  const drawn = (shape: string) =>
    FAULTS.filter(({ available }) => available({ ...OURS, links: false }) !== undefined)
      .filter(({ draw }) => draw?.(new SeededRandom(1), readTopology(shape)) !== undefined)
      .map(({ name }) => name);
  const ofLinks = FAULTS.filter(({ available }) => available({ ...OURS, links: false }) !== undefined);
  assert.equal(
    drawn('voters=5 observers=1'),
    ofLinks.map(({ name }) => name),
  );
  assert.equal(drawn('voters=1'), []);
});
