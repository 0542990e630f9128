/** The plan of a run: what is measured in which order. Who is right about it is decided elsewhere, by the judges. */
import type { Need } from '../../bench/claims/claim.ts';
import { placeboCondition } from '../../bench/claims/observers-leave-writes-flat.ts';
import { preload } from '../../bench/load/preload.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { CONDITIONS } from '../../results/names.ts';
import { kill } from '../faults/kill.ts';
import { Interleaving } from './interleaving.ts';
import type { Lab } from './lab.ts';
import { measureAvailability, type Outage } from './measurements/availability.ts';
import { startPlacebos } from './measurements/placebo.ts';
import { recordWrites } from './measurements/record-writes.ts';
import { measureSync } from './measurements/sync-time.ts';
import { measureWrites, PROBED_PATH, type WriteLoad, workloadOf } from './measurements/throughput.ts';
import { injectAll, type Occasion, underFault } from './measurements/under-fault.ts';
import type { Progress } from './progress.ts';
import type { Recorder } from './recorder.ts';
import type { Cast, Stage } from './stage.ts';
import type { Suite } from './suite.ts';
import { cutOff, FAULT_CONDITIONS } from './write-conditions.ts';

export interface MeasureOptions {
  readonly lab: Lab;
  readonly suite: Suite;
  readonly seed: number;
  readonly needs: ReadonlySet<Need>;
  readonly recorder: Recorder;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Ms since the run began, for the budget. */
  readonly elapsedMs: () => number;
}

/** Shares of the budget by which writes, then syncs must be done: what follows needs the rest. */
const WRITES_SHARE = 0.6;
const SYNCS_SHARE = 0.85;

/**
 * Writes first, since they want warm servers, which kills would make cold; then syncs, then outages.
 * @returns what a reader must know of how the plan went
 */
export async function measureAll(options: MeasureOptions): Promise<string[]> {
  const { suite, lab, needs, elapsedMs, signal, progress } = options;
  const { rounds, roundsMin, sync, availability, budgetMs = Number.POSITIVE_INFINITY } = suite;
  const plan = new Interleaving({ stages: lab.stages, budgetMs, elapsedMs, progress, signal });
  await warmUp(options);
  if (needs.has('healthy') || FAULT_CONDITIONS.some(({ need }) => needs.has(need)))
    await plan.rounds('writes', { rounds, roundsMin, share: WRITES_SHARE }, async round => {
      const observerCores = new Map<Stage, number>();
      await plan.eachStage(round, async stage => {
        const cores = await writeRound(options, stage, round);
        if (cores !== undefined) observerCores.set(stage, cores);
      });
      if (needs.has('placeboObservers')) await placeboRound(options, round, observerCores);
    });
  if (needs.has('leaderKilled'))
    await plan.rounds('syncs', { rounds: sync.rounds, roundsMin, share: SYNCS_SHARE }, round =>
      plan.eachStage(round, async stage => {
        progress.step(`sync ${round + 1}/${sync.rounds}, ${stage.name}: leader killed`);
        await measureSync(occasionOf(options, stage, CONDITIONS.leaderKilled, round), sync.everyMs);
      }),
    );
  if (needs.has('leaderCut') || needs.has('quorumLost'))
    await plan.rounds('outages', { rounds: availability.rounds, roundsMin: 1, share: 1 }, round =>
      plan.eachStage(round, stage => outageRound(options, stage, round)),
    );
  return plan.remarks;
}

function occasionOf(
  { recorder, suite, signal }: MeasureOptions,
  stage: Stage,
  condition: string,
  round: number,
): Occasion {
  return { stage, condition, round, recorder, recoverMaxMs: suite.recoverMaxMs, path: PROBED_PATH, signal };
}

function writeLoadOf({ lab, suite, seed }: MeasureOptions): WriteLoad {
  return { driver: lab.driver, readDriver: lab.readDriver, load: suite.load, seed };
}

/** The nodes that are read and written, and loads that are thrown away. */
async function warmUp(options: MeasureOptions): Promise<void> {
  const { lab, suite, signal, progress } = options;
  const write = writeLoadOf(options);
  for (const stage of lab.stages) {
    const { leader } = await stage.cast();
    await preload(leader.plan.ports.client, workloadOf(write), suite.load.sessionsPerTarget);
  }
  for (let load = 1; load <= suite.load.warmupLoads; load++) {
    for (const stage of lab.stages) {
      signal.throwIfAborted();
      progress.step(`warming up ${load}/${suite.load.warmupLoads}, ${stage.name}`);
      await measureWrites(stage, await stage.cast(), write, { paced: load === 1 });
    }
  }
}

/** @returns what one observer burnt while all was well, in cores */
async function writeRound(options: MeasureOptions, stage: Stage, round: number): Promise<number | undefined> {
  const { suite, needs, recorder, progress, signal } = options;
  const step = (condition: string) =>
    progress.step(`writes ${round + 1}/${suite.rounds}, ${stage.name}: ${condition}`);
  const write = writeLoadOf(options);
  const topology = stage.name;
  step(CONDITIONS.healthy);
  const sample = await measureWrites(stage, await stage.cast(), write);
  recordWrites({ recorder, topology, condition: CONDITIONS.healthy, round }, sample, []);
  if (!stage.hasLinks) return sample.observerCores;
  for (const { need, condition, faultOf } of FAULT_CONDITIONS) {
    signal.throwIfAborted();
    // Who leads may have changed by the last fault's healing.
    const cast = await stage.cast();
    const harm = needs.has(need) ? faultOf(stage, cast, suite) : undefined;
    if (harm === undefined) continue;
    step(condition);
    const { value, voidReasons, span } = await underFault(
      occasionOf(options, stage, condition, round),
      harm.fault.name,
      () => harm.fault.inject(stage.faults),
      () => measureWrites(stage, cast, write, { cut: harm.cut }),
    );
    recordWrites({ recorder, topology, condition, round, fault: span }, value, voidReasons);
  }
  return sample.observerCores;
}

/**
 * The voters of each topology with observers on the leader, alone, beside as many placebos, each burning what an
 * observer of it burnt this round.
 */
async function placeboRound(
  options: MeasureOptions,
  round: number,
  observerCores: ReadonlyMap<Stage, number>,
): Promise<void> {
  const { lab, recorder, progress, suite, signal } = options;
  for (const [{ topology }, cores] of observerCores) {
    signal.throwIfAborted();
    const observers = countOf(topology, 'observer');
    const voters = lab.stages.find(
      stage =>
        countOf(stage.topology, 'observer') === 0 &&
        countOf(stage.topology, 'participant') === countOf(topology, 'participant'),
    );
    if (topology.observerMasters || voters === undefined) continue;
    const condition = placeboCondition(observers);
    progress.step(`writes ${round + 1}/${suite.rounds}, ${voters.name}: ${condition}`);
    const placebos = await startPlacebos(observers, cores);
    try {
      const sample = await measureWrites(voters, await voters.cast(), writeLoadOf(options), { paced: false });
      recordWrites({ recorder, topology: voters.name, condition, round }, sample, []);
    } finally {
      await placebos.stop();
    }
  }
}

function countOf({ members }: Topology, role: 'observer' | 'participant'): number {
  return members.filter(member => member.role === role).length;
}

async function outageRound(options: MeasureOptions, stage: Stage, round: number): Promise<void> {
  const { suite, needs, progress, signal } = options;
  const { leaderCutMs, quorumLostMs, rounds } = suite.availability;
  const measure = async (
    condition: string,
    outageOf: (cast: Cast) => Pick<Outage, 'faultName' | 'forMs' | 'inject'>,
  ) => {
    signal.throwIfAborted();
    progress.step(`outage ${round + 1}/${rounds}, ${stage.name}: ${condition}`);
    const cast = await stage.cast();
    const occasion = occasionOf(options, stage, condition, round);
    const write = writeLoadOf(options);
    await measureAvailability(occasion, cast, { ...outageOf(cast), timing: suite.availability, write });
  };
  if (needs.has('leaderCut') && stage.hasLinks)
    await measure(CONDITIONS.leaderCut, ({ leader }) => ({
      faultName: 'blackhole',
      forMs: leaderCutMs,
      inject: () => cutOff(stage, [leader]).fault.inject(stage.faults),
    }));
  if (needs.has('quorumLost'))
    await measure(CONDITIONS.quorumLost, cast => ({
      faultName: 'kill',
      forMs: quorumLostMs,
      inject: () => injectAll(quorumKills(stage, cast), stage.processFaults),
    }));
}

/** Followers, as few as leave no majority: the leader lives, and must notice that it leads nobody. */
function quorumKills(stage: Stage, { leader }: Cast) {
  const voters = stage.ensemble.members.filter(({ plan }) => plan.role === 'participant');
  const toKill = Math.ceil(voters.length / 2);
  return voters
    .filter(member => member !== leader)
    .slice(0, toKill)
    .map(({ name }) => kill({ target: { name } }));
}
