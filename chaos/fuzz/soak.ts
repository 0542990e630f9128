/**
 * The fuzzer on real processes, beside a checked workload. In calm spells only the attack goes on, so no
 * leadership may be lost. Between them members are killed, and nothing acknowledged may be lost.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ensemble } from '../../bench/topology/ensemble.ts';
import { mntr } from '../../bench/topology/four-letter.ts';
import { planEnsemble } from '../../bench/topology/plan.ts';
import { topologyOf } from '../../bench/topology/topology.ts';
import { type EventSink, NO_EVENTS } from '../../results/events.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { kill } from '../faults/kill.ts';
import { inForce } from '../faults/nemesis/in-force.ts';
import { faultMember } from '../members.ts';
import { labToWatch, membersToWatch, ResourceWatch } from '../resource-watch.ts';
import { LiveWorkload } from '../workloads/live/live-workload.ts';
import { complaintsOf, emitJudgements, judgeWorkload, zxidsOf } from '../workloads/records/judge-workload.ts';
import { registers } from '../workloads/registers.ts';
import { Attack } from './attack.ts';

export interface SoakOptions {
  readonly seed: number;
  /** Duration of all calm spells and kills. The last spell is completed. */
  readonly durationMs: number;
  /** Duration of each calm spell. */
  readonly calmMs: number;
  readonly folder: string;
  /** Receives every event of the run. */
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

export interface SoakSummary {
  readonly frames: number;
  readonly calmSpells: number;
  readonly kills: number;
  readonly acknowledgedWrites: number;
  /** One sentence each; empty when the soak passed. */
  readonly complaints: readonly string[];
}

const SETTINGS = {
  tickTime: '200',
  initLimit: '50',
  syncLimit: '20',
  snapCount: '2000',
  preAllocSize: '1024',
  maxSessionTimeout: '6000',
};
const POLL_MS = 100;
const WRITES_BETWEEN_KILLS = 20;
const DOWN_MS_MAX = 150;
const PROGRESS_DEADLINE_MS = 60_000;
const COUNTER_BITS = 32n;

const TOPOLOGY = topologyOf(
  { name: 'soak', voters: 3, observers: 1, masters: true, settings: SETTINGS },
  'topology of the soak',
);
/** The topology, as events name it. */
export const SOAK_TOPOLOGY = { name: TOPOLOGY.name, shortForm: TOPOLOGY.shortForm };

export async function soak(options: SoakOptions): Promise<SoakSummary> {
  const { seed, durationMs, calmMs, folder, signal, events = NO_EVENTS } = options;
  const random = new SeededRandom(`soak ${seed}`);
  events.emit({ kind: 'phase', what: `starting ${TOPOLOGY.shortForm}` });
  const ensemble = await Ensemble.start(await planEnsemble(TOPOLOGY, folder), {
    onMember: event => events.emit({ kind: 'member', topology: TOPOLOGY.name, ...event }),
  });
  const servers = ensemble.members.map(({ plan }) => plan.ports.client);
  const load = new LiveWorkload(registers, {
    ...{ servers, seed: String(seed), folder: join(folder, 'history') },
  });
  const resources = new ResourceWatch([...membersToWatch(ensemble), labToWatch()], {
    nowMs: () => load.nowMs,
  });
  const attack = new Attack(ensemble, random.fork('attack'));
  const complaints: string[] = [];
  const endsAt = performance.now() + durationMs;
  let [calmSpells, kills] = [0, 0];
  try {
    while (performance.now() < endsAt && !signal?.aborted && complaints.length === 0) {
      complaints.push(...(await calmSpell(ensemble, attack, calmMs)));
      calmSpells++;
      const counted = `${attack.frames} frames, ${load.acknowledgedWrites} writes`;
      events.emit({ kind: 'note', text: `so far ${calmSpells} calm spells, ${kills} kills, ${counted}` });
      await load.untilAcknowledged(WRITES_BETWEEN_KILLS, PROGRESS_DEADLINE_MS);
      await killOne(ensemble, kills++, random, events);
    }
    attack.stop();
    resources.stop();
    await load.stop(PROGRESS_DEADLINE_MS);
    await untilNobodyIsLeft(ensemble);
    const judgements = await judgeWorkload(ensemble, load, PROGRESS_DEADLINE_MS, {
      readings: resources.samples,
    });
    emitJudgements(events, judgements);
    complaints.push(...complaintsOf(judgements));
    return {
      frames: attack.frames,
      calmSpells,
      kills,
      acknowledgedWrites: load.acknowledgedWrites,
      complaints,
    };
  } finally {
    attack.stop();
    resources.stop();
    await load.stop(0);
    await ensemble.stop();
  }
}

/** Kills a member, and restarts it after a moment. */
async function killOne(
  ensemble: Ensemble,
  round: number,
  random: SeededRandom,
  events: EventSink,
): Promise<void> {
  const { name } = random.pick(ensemble.members);
  const members = ensemble.members.map(member => faultMember(ensemble, member));
  await inForce(
    {
      fault: 'kill',
      inject: () => kill({ target: { name } }).inject({ members, random }),
      place: { topology: TOPOLOGY.name, condition: 'under attack', round },
      events,
    },
    () => sleep(random.between(0, DOWN_MS_MAX)),
  );
  await ensemble.ready();
}

/** The sessions of the attackers must expire first; only then does nobody write any more. */
async function untilNobodyIsLeft(ensemble: Ensemble): Promise<void> {
  const giveUpAt = performance.now() + PROGRESS_DEADLINE_MS;
  for (;;) {
    const leader = await ensemble.leaderWithin(PROGRESS_DEADLINE_MS);
    const { numbers } = await mntr(leader.plan.ports.client);
    const sessions = numbers.get('global_sessions');
    if (sessions === 0) return;
    if (performance.now() > giveUpAt)
      throw new Error(`${sessions} sessions are left after ${PROGRESS_DEADLINE_MS} ms`);
    await sleep(POLL_MS);
  }
}

/** Only the attackers disturb the ensemble: its leader must go on leading, and every process must live. */
async function calmSpell(ensemble: Ensemble, attack: Attack, calmMs: number): Promise<string[]> {
  const leader = await leaderOf(ensemble);
  const pids = ensemble.members.map(({ pid }) => pid);
  attack.facts = leader;
  await sleep(calmMs);
  const ended = ensemble.ended();
  if (ended.length > 0) return ended.map(text => `a member ended in a calm spell: ${text}`);
  const now = await leaderOf(ensemble);
  const complaints: string[] = [];
  if (now.name !== leader.name || now.epoch !== leader.epoch)
    complaints.push(
      `the leadership of ${leader.name} in epoch ${leader.epoch} was lost in a calm spell; now ${now.name} leads epoch ${now.epoch}`,
    );
  if (ensemble.members.some(({ pid }, at) => pid !== pids[at])) complaints.push('a member was replaced');
  return complaints;
}

/** The leader and its epoch. An unchanged epoch shows that it led all the time. */
async function leaderOf(ensemble: Ensemble): Promise<{ name: string; epoch: number; zxid: number }> {
  const { name } = await ensemble.leaderWithin(PROGRESS_DEADLINE_MS);
  const at = ensemble.members.findIndex(member => member.name === name);
  const zxid = BigInt((await zxidsOf(ensemble))[at]!);
  return { name, epoch: Number(zxid >> COUNTER_BITS), zxid: Number(zxid) };
}
