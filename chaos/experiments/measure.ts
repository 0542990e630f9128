/** The plan of a run: every experiment that a claim needs. `bench/claims/` judges. */
import { preload } from '../../bench/load/workload/preload.ts';
import { EXPERIMENTS } from './index.ts';
import { type MeasureOptions, type ObserverCores, writeLoadOf } from './measure-options.ts';
import { LOAD_KINDS, measureWrites, workloadOf } from './measurements/throughput.ts';

export async function measureAll(options: Omit<MeasureOptions, 'observerCores'>): Promise<void> {
  const { lab, needs, suite } = options;
  const needed = EXPERIMENTS.filter(each => each.provides(suite).some(need => needs.has(need)));
  // Their ensembles have the machine to themselves, so those of the suite are started after them.
  for (const experiment of needed.filter(each => each.ownTopologies !== undefined))
    await experiment.run({ ...options, observerCores: new Map() });
  const others = needed.filter(each => each.ownTopologies === undefined);
  if (others.length === 0) return;
  await lab.startSuite();
  const warm = { ...options, observerCores: await warmUp(options) };
  for (const experiment of others) await experiment.run(warm);
}

/** Creates the znodes that are read and written, and runs loads whose results are thrown away. */
async function warmUp(options: Omit<MeasureOptions, 'observerCores'>): Promise<ObserverCores> {
  const { lab, suite, cells, events } = options;
  const write = writeLoadOf(options);
  const stages = [...lab.stages, ...(lab.direct === undefined ? [] : [lab.direct])];
  const cores: ObserverCores = new Map();
  for (const stage of stages) {
    await cells.prepare(stage, 'the znodes of the load', async () => {
      const { leader } = await stage.assignRoles();
      await preload(leader.plan.ports.client, workloadOf(write), suite.load.sessionsPerTarget);
    });
  }
  for (let load = 1; load <= suite.load.warmupLoads; load++) {
    for (const stage of stages) {
      events.emit({ kind: 'phase', what: `warming up ${load}/${suite.load.warmupLoads}, ${stage.name}` });
      await cells.prepare(stage, 'warming up', async () => {
        const sample = await measureWrites(stage, await stage.assignRoles(), write, {
          loads: load === 1 ? LOAD_KINDS : ['saturated'],
        });
        const used = sample.saturated?.observerCores;
        if (used !== undefined) cores.set(stage, used);
      });
    }
  }
  return cores;
}
