/** The plan of a run: what is measured in which order. Who is right about it is decided elsewhere, by the judges. */
import type { Need } from '../../bench/claims/claim.ts';
import { placeboCondition } from '../../bench/claims/observers-leave-writes-flat.ts';
import { preload } from '../../bench/load/preload.ts';
import { EnsembleError } from '../../bench/topology/ensemble-error.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { CONDITIONS } from '../../results/names.ts';
import { kill } from '../faults/kill.ts';
import type { Lab } from './lab.ts';
import { measureAvailability, type Outage } from './measurements/availability.ts';
import { startPlacebos } from './measurements/placebo.ts';
import { recordWrites } from './measurements/record-writes.ts';
import { measureSync } from './measurements/sync-time.ts';
import { measureWrites, PROBED_PATH, type WriteLoad, workloadOf } from './measurements/throughput.ts';
import { injectAll, NotHealed, type Occasion, underFault } from './measurements/under-fault.ts';
import type { Progress } from './progress.ts';
import type { Recorder } from './recorder.ts';
import { RoundBudget } from './round-budget.ts';
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
 * Writes first, since they want warm servers, which kills would make cold; then syncs, then outages. Each kind in
 * interleaved rounds, every topology once before any a second time, beginning with another one each round.
 * @returns what a reader must know of how the plan went
 */
export async function measureAll(options: MeasureOptions): Promise<string[]> {
  const { suite, lab, needs, elapsedMs, signal, progress } = options;
  const remarks: string[] = [];
  const broken = new Set<Stage>();
  const budgetMs = suite.budgetMs ?? Number.POSITIVE_INFINITY;
  const rounds = async (
    what: string,
    { wanted, least, share }: { wanted: number; least: number; share: number },
    round: (index: number) => Promise<void>,
  ) => {
    const budget = new RoundBudget(wanted, Math.min(wanted, least), budgetMs * share, elapsedMs);
    for (let index = 0; budget.goesOn(index); index++) {
      progress.note(`${what}: round ${index + 1} of ${wanted}`);
      await round(index);
    }
    if (budget.done < wanted) remarks.push(`${budget.done} of ${wanted} rounds of ${what}: the time was up.`);
  };
  const eachStage = async (round: number, measure: (stage: Stage) => Promise<void>) => {
    for (const stage of rotated(lab.stages, round)) {
      signal.throwIfAborted();
      if (broken.has(stage)) continue;
      try {
        await measure(stage);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof NotHealed || error instanceof EnsembleError)) throw error;
        broken.add(stage);
        remarks.push(`${stage.name} was measured no further: ${error.message.split('\n')[0]}`);
        progress.note(`${stage.name} is given up: ${error.message}`);
      }
    }
  };
  await warmUp(options);
  const wantsWrites = needs.has('healthy') || FAULT_CONDITIONS.some(({ need }) => needs.has(need));
  const least = suite.roundsMin;
  if (wantsWrites)
    await rounds('writes', { wanted: suite.rounds, least, share: WRITES_SHARE }, async round => {
      const observerCores = new Map<Stage, number>();
      await eachStage(round, async stage => {
        const cores = await writeRound(options, stage, round);
        if (cores !== undefined) observerCores.set(stage, cores);
      });
      if (needs.has('placeboObservers')) await placeboRound(options, round, observerCores);
    });
  if (needs.has('leaderKilled'))
    await rounds('syncs', { wanted: suite.sync.rounds, least, share: SYNCS_SHARE }, round =>
      eachStage(round, async stage => {
        options.progress.step(`sync ${round + 1}/${suite.sync.rounds}, ${stage.name}: leader killed`);
        await measureSync(occasionOf(options, stage, CONDITIONS.leaderKilled, round), suite.sync.everyMs);
      }),
    );
  if (needs.has('leaderCut') || needs.has('quorumLost'))
    await rounds('outages', { wanted: suite.availability.rounds, least: 1, share: 1 }, round =>
      eachStage(round, stage => outageRound(options, stage, round)),
    );
  return remarks;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  return items.map((_, index) => items[(index + by) % items.length]!);
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
  const measure = async (condition: string, outageOf: (cast: Cast) => Outage) => {
    signal.throwIfAborted();
    progress.step(`outage ${round + 1}/${rounds}, ${stage.name}: ${condition}`);
    const cast = await stage.cast();
    const occasion = occasionOf(options, stage, condition, round);
    await measureAvailability(occasion, suite.availability, cast, outageOf(cast), writeLoadOf(options));
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
