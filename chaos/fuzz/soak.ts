/**
 * The fuzzer on real processes, beside a checked workload: calm spells, in which nothing but the attack goes
 * on and so no leadership may be lost, between kills of members, through which nothing acknowledged may be
 * lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { mntr } from '../../bench/measure/four-letter.ts';
import { Ensemble } from '../../bench/topology/ensemble.ts';
import { EnsembleError } from '../../bench/topology/ensemble-error.ts';
import type { Member } from '../../bench/topology/member.ts';
import { planEnsemble } from '../../bench/topology/plan.ts';
import { topologyOf } from '../../bench/topology/topology.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { judgeWorkload, zxidsOf } from '../workloads/judge-workload.ts';
import { LiveWorkload } from '../workloads/live-workload.ts';
import { registers } from '../workloads/registers.ts';
import { Attack } from './attack.ts';

export interface SoakOptions {
  readonly seed: number;
  /** Of calm spells and kills; a last spell is finished. */
  readonly durationMs: number;
  /** Of each calm spell. */
  readonly calmMs: number;
  readonly folder: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

export interface SoakSummary {
  readonly frames: number;
  readonly calmSpells: number;
  readonly kills: number;
  readonly acknowledgedWrites: number;
  /** One sentence each; none when all is well. */
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
const PROGRESS_DEADLINE_MS = 60_000;
const COUNTER_BITS = 32n;

export async function soak(options: SoakOptions): Promise<SoakSummary> {
  const { seed, durationMs, calmMs, folder, signal, onProgress } = options;
  const random = new SeededRandom(`soak ${seed}`);
  const topology = topologyOf({ voters: 3, observers: 1, masters: true, settings: SETTINGS }, 'soak');
  const ensemble = await Ensemble.start(await planEnsemble(topology, folder));
  const servers = ensemble.members.map(({ plan }) => plan.ports.client);
  const load = new LiveWorkload(registers, { servers, seed: String(seed) });
  const attack = new Attack(ensemble, random.fork('attack'));
  const complaints: string[] = [];
  const endsAt = performance.now() + durationMs;
  let [calmSpells, kills] = [0, 0];
  try {
    while (performance.now() < endsAt && !signal?.aborted && complaints.length === 0) {
      complaints.push(...(await calmSpell(ensemble, attack, calmMs)));
      calmSpells++;
      onProgress?.(
        `${calmSpells} calm spells, ${kills} kills, ${attack.frames} frames, ${load.acknowledgedWrites} writes`,
      );
      await load.untilAcknowledged(WRITES_BETWEEN_KILLS, PROGRESS_DEADLINE_MS);
      const member = random.pick(ensemble.members);
      await member.process.kill();
      kills++;
      await sleep(random.between(0, 150));
      member.start();
      await ensemble.ready();
    }
    attack.stop();
    await load.stop(PROGRESS_DEADLINE_MS);
    await untilNobodyIsLeft(ensemble);
    complaints.push(...(await judgeWorkload(ensemble, load, PROGRESS_DEADLINE_MS)));
    return {
      frames: attack.frames,
      calmSpells,
      kills,
      acknowledgedWrites: load.acknowledgedWrites,
      complaints,
    };
  } finally {
    attack.stop();
    await load.stop(0);
    await ensemble.stop();
  }
}

/** What the attackers' sessions leave goes when these run out; only then does nobody write any more. */
async function untilNobodyIsLeft(ensemble: Ensemble): Promise<void> {
  const giveUpAt = performance.now() + PROGRESS_DEADLINE_MS;
  for (;;) {
    const leader = await leadingMember(ensemble);
    const { numbers } = await mntr(leader.plan.ports.client);
    const sessions = numbers.get('global_sessions');
    if (sessions === 0) return;
    if (performance.now() > giveUpAt)
      throw new Error(`${sessions} sessions are left after ${PROGRESS_DEADLINE_MS} ms`);
    await sleep(POLL_MS);
  }
}

/** Nobody but the attackers disturbs the ensemble: its leader leads on, and every process lives. */
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

/** A member of a busy machine may say what it is only later: whether it led all the time, its epoch says. */
async function leadingMember(ensemble: Ensemble): Promise<Member> {
  const giveUpAt = performance.now() + PROGRESS_DEADLINE_MS;
  for (;;) {
    try {
      return await ensemble.leader();
    } catch (error) {
      if (!(error instanceof EnsembleError) || performance.now() > giveUpAt) throw error;
      await sleep(POLL_MS);
    }
  }
}

async function leaderOf(ensemble: Ensemble): Promise<{ name: string; epoch: number; zxid: number }> {
  const { name } = await leadingMember(ensemble);
  const at = ensemble.members.findIndex(member => member.name === name);
  const zxid = BigInt((await zxidsOf(ensemble))[at]!);
  return { name, epoch: Number(zxid >> COUNTER_BITS), zxid: Number(zxid) };
}
