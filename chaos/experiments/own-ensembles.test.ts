import { assert, suite } from '#test';
import { EnsembleError } from '../../bench/topology/ensemble-error.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { NO_EVENTS } from '../../results/events.ts';
import { openEach } from './own-ensembles.ts';
import type { Stage } from './stage.ts';

const test = suite('chaos/experiments: ensembles of an experiment');
const named = (name: string): Topology => ({ ...readTopology('voters=1'), name });

/** A lab in which `troubles` says what the start or the preparation of an ensemble throws. */
async function opened(troubles: { start?: Record<string, Error>; prepare?: Record<string, Error> }) {
  const lost: string[] = [];
  const stopped: string[] = [];
  const { signal } = new AbortController();
  const open = async ({ name }: Topology) => {
    const trouble = troubles.start?.[name];
    if (trouble !== undefined) throw trouble;
    return { name, stop: async () => void stopped.push(name) } as unknown as Stage;
  };
  const stages = await openEach({ lab: { open }, events: NO_EVENTS, signal }, ['a', 'b', 'c'].map(named), {
    labelOf: ({ name }) => name,
    async prepare({ name }) {
      const trouble = troubles.prepare?.[name];
      if (trouble !== undefined) throw trouble;
    },
    lost: ({ name }, reason) => lost.push(`${name}: ${reason}`),
  });
  return { stages: stages.map(({ name }) => name), lost, stopped };
}

test('an ensemble that does not start is missed alone', async () => {
  assert.equal(await opened({ start: { b: new EnsembleError('v1 is down\nits log') } }), {
    stages: ['a', 'c'],
    lost: ['b: the ensemble did not start: v1 is down'],
    stopped: [],
  });
});

test('an ensemble that cannot be prepared is stopped at once, and missed alone', async () => {
  assert.equal(await opened({ prepare: { a: new Error('no session') } }), {
    stages: ['b', 'c'],
    lost: ['a: the ensemble was not prepared: no session'],
    stopped: ['a'],
  });
});

test('what looks like a defect of zklab is no missed ensemble', async () => {
  const said = await opened({ start: { a: new TypeError('planted') } }).catch(
    (error: Error) => error.message,
  );
  assert.is(said, 'planted');
});
