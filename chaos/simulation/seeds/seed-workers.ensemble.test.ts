import { assert, suite, temporaryFolder } from '#test';
import { serverProgram } from '../members/server-program.ts';
import { inThisProcess, type RunSeedsSummary, runSeeds } from './run.ts';
import { seedWorkers } from './seed-workers.ts';

const test = suite('simulation: seeds in threads');

const DEADLINE = { deadlineMs: 120_000 };
const SEEDS = [2, 1];

test(
  'two threads come to what one process comes to',
  async () => {
    const options = { shape: 'drawn', traceDirectory: temporaryFolder() } as const;
    const alike = ({ virtualMsPerSecond: _, ...rest }: RunSeedsSummary) => rest;
    const places = inThisProcess({ ...options, program: serverProgram() });
    const inThreads = await runSeeds({ seeds: SEEDS, places: seedWorkers(options, 2) });
    assert.equal(alike(inThreads), alike(await runSeeds({ seeds: SEEDS, places })));
    assert.is(inThreads.passed, SEEDS.length);
  },
  DEADLINE,
);

test('a signal ends the seeds under way, which do not count', async () => {
  const ending = new AbortController();
  const places = seedWorkers({ traceDirectory: temporaryFolder() }, 2);
  const running = runSeeds({ seeds: SEEDS, places, signal: ending.signal });
  ending.abort();
  assert.is((await running).passed, 0);
});

test('an error that ends a thread names its seed', async () => {
  const nonsense = { shape: { voters: -1 } as never, traceDirectory: temporaryFolder() };
  const failed = await runSeeds({ seeds: [7], places: seedWorkers(nonsense, 2) }).catch(String);
  assert.match(String(failed), 'seed 7 ended its thread');
});
