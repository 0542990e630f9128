import { assert, suite } from '#test';
import { Recorder } from '../../bench/measure/recorder.ts';
import { EnsembleError } from '../../bench/topology/ensemble-error.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { NO_EVENTS } from '../../results/events.ts';
import { topologiesOf } from './lab.ts';
import type { MeasureOptions } from './measure-options.ts';
import type { RolesOptions } from './role-keys.ts';
import { roles } from './roles.ts';
import { readSuite } from './suites.ts';

const test = suite('chaos/experiments: what operations cost in other roles');

/** What the experiment starts for these needs, in a lab in which nothing starts. */
async function startedFor(...needs: readonly string[]) {
  const started: string[] = [];
  const lost = new Set<string>();
  const suite = readSuite('quick') as MeasureOptions<RolesOptions>['suite'];
  const options = {
    lab: {
      ownTopologies: (texts: Readonly<Record<string, string>>) => topologiesOf(suite, 'zklab', texts),
      async open(_: Topology, label: string, isProxied: boolean) {
        started.push(`${label}${isProxied ? ' with proxies' : ''}`);
        throw new EnsembleError('planted');
      },
    },
    plan: {
      async repeat(_: string, { rounds }: { rounds: number }, body: (round: number) => Promise<void>) {
        for (let round = 0; round < rounds; round++) await body(round);
      },
      async take() {},
    },
    cells: { lose: ({ condition }: { condition: string }) => lost.add(condition) },
    ...{ suite, seed: 1, needs: new Set(needs), recorder: new Recorder(), events: NO_EVENTS },
    signal: new AbortController().signal,
  };
  await roles.run(options as unknown as MeasureOptions<RolesOptions>);
  return { started, lost: [...lost] };
}

test('operations are counted once, on links without proxies, so that the kernel counts packets of members', async () => {
  const { started, lost } = await startedFor('paths');
  assert.equal(started, ['voters7-counted-1', 'observers4-counted-1']);
  assert.ok(lost.includes('single writes at the leader'), lost.join());
});

test('times are measured in every start, and only on ensembles that a claim needs', async () => {
  const { started } = await startedFor('observersBlackholed');
  assert.equal(new Set(started).size, 6);
  assert.ok(
    started.every(each => /^observers4-\d with proxies$/.test(each)),
    started.join(),
  );
  const both = await startedFor('paths', 'roles');
  assert.is(both.started.length, 2 + 2 * 6);
  assert.ok(both.started.includes('voters7-1'), 'voters have direct links');
});
