/** The plan of a run: what is measured in which order. Who is right about it is decided elsewhere, by the judges. */
import { preload } from '../../bench/load/preload.ts';
import { CONDITIONS } from '../../results/names.ts';
import { kill } from '../faults/kill.ts';
import { type MeasureOptions, occasionOf, writeLoadOf } from './measure-options.ts';
import { measureAvailability, type Outage } from './measurements/availability.ts';
import { measureFairness } from './measurements/fairness.ts';
import { measureSync } from './measurements/sync-time.ts';
import { measureWrites, workloadOf } from './measurements/throughput.ts';
import { injectAll } from './measurements/under-fault.ts';
import type { Cast, Stage } from './stage.ts';
import { cutOff, FAULT_CONDITIONS } from './write-conditions.ts';
import { type ObserverCores, writeTurns } from './write-turns.ts';

/** Shares of the budget by which writes, then syncs, then outages must be done: what follows needs the rest. */
const WRITES_SHARE = 0.6;
const SYNCS_SHARE = 0.82;
const OUTAGES_SHARE = 0.93;

/** Writes first, since they want warm servers, which kills would make cold; then syncs, then outages; last what fills a tree. */
export async function measureAll(options: MeasureOptions): Promise<void> {
  const { suite, lab, needs, plan, progress } = options;
  const { rounds, roundsMin, sync, availability } = suite;
  const cores = await warmUp(options);
  if (needs.has('healthy') || FAULT_CONDITIONS.some(({ need }) => needs.has(need)))
    await plan.rounds('writes', { rounds, roundsMin, share: WRITES_SHARE }, writeTurns(options, cores));
  const turnsOf = (measure: (stage: Stage, round: number) => Promise<void>) =>
    lab.stages.map(stage => ({ stage, measure: (round: number) => measure(stage, round) }));
  if (needs.has('leaderKilled'))
    await plan.rounds(
      'syncs',
      { rounds: sync.rounds, roundsMin, share: SYNCS_SHARE },
      turnsOf(async (stage, round) => {
        progress.step(`sync ${round + 1}/${sync.rounds}, ${stage.name}: leader killed`);
        await measureSync(occasionOf(options, stage, CONDITIONS.leaderKilled, round), sync.everyMs);
      }),
    );
  if (needs.has('leaderCut') || needs.has('quorumLost'))
    await plan.rounds(
      'outages',
      { rounds: availability.rounds, roundsMin: 1, share: OUTAGES_SHARE },
      turnsOf((stage, round) => outageRound(options, stage, round)),
    );
  const [first] = lab.stages;
  if (needs.has('greedyNeighbours') && first !== undefined) await measureFairness(options, first);
}

/** The nodes that are read and written, and loads that are thrown away. */
async function warmUp(options: MeasureOptions): Promise<ObserverCores> {
  const { lab, suite, signal, progress } = options;
  const write = writeLoadOf(options);
  const stages = [...lab.stages, ...(lab.direct === undefined ? [] : [lab.direct])];
  const cores: ObserverCores = new Map();
  for (const stage of stages) {
    const { leader } = await stage.cast();
    await preload(leader.plan.ports.client, workloadOf(write), suite.load.sessionsPerTarget);
  }
  for (let load = 1; load <= suite.load.warmupLoads; load++) {
    for (const stage of stages) {
      signal.throwIfAborted();
      progress.step(`warming up ${load}/${suite.load.warmupLoads}, ${stage.name}`);
      const sample = await measureWrites(stage, await stage.cast(), write, { paced: load === 1 });
      if (sample.observerCores !== undefined) cores.set(stage, sample.observerCores);
    }
  }
  return cores;
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
