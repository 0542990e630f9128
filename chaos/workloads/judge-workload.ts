/** Judges a workload on real processes with the checkers of the simulation. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ZkClientError } from '../../bench/load/client-error.ts';
import type { Ensemble } from '../../bench/topology/ensemble.ts';
import { fourLetterWord } from '../../bench/topology/four-letter.ts';
import type { EventSink } from '../../results/events.ts';
import { ErrorCode } from '../../server/wire/error-codes.ts';
import type { Judgement } from '../checkers/judgement.ts';
import type { RunRecord } from '../checkers/run-record.ts';
import { agreedTransactions } from './agreed-transactions.ts';
import { type MemberState, readMemberState } from './final-state.ts';
import { type AboutRecord, judgeRecord, type KeptRecord } from './judge-record.ts';
import { keepRecord } from './kept-record.ts';
import type { LiveWorkload } from './live-workload.ts';

const POLL_MS = 50;

/**
 * Runs the checkers after the load has stopped, and returns their judgements. What they read is kept in the
 * folder of the run, if the load has one.
 */
export async function judgeWorkload(...of: Parameters<typeof recordOf>): Promise<Judgement[]> {
  const { record, about } = await recordOf(...of);
  const [, { folder }] = of;
  if (folder !== undefined) await keepRecord(folder, record, about);
  return judgeRecord(record, about);
}

/**
 * Everything that checkers read of a run whose load has stopped.
 * @param deadlineMs by when all members must have applied the same transactions
 * @param more parts of the record that the caller knows
 */
export async function recordOf(
  ensemble: Ensemble,
  load: LiveWorkload,
  deadlineMs: number,
  more: Partial<KeptRecord> = {},
): Promise<{ readonly record: KeptRecord; readonly about: AboutRecord }> {
  const { judgedBy } = load.workload;
  const about = { judgedBy, violations: load.violations };
  const roles = Object.fromEntries(
    ensemble.members.map(({ clientAddress, plan }) => [clientAddress, plan.role]),
  );
  const record = { ...load.record, roles, ...more };
  try {
    const trees = await finalTrees(ensemble, load.paths, deadlineMs);
    const transactions = await transactionsOf(ensemble, load.startedAtMs);
    return { record: { ...record, ...trees, ...(transactions && { transactions }) }, about };
  } catch (error) {
    return { record, about: { ...about, unread: (error as Error).message } };
  }
}

/**
 * Undefined when no member has all of them in its logs, and for other servers: with Apache 3.8.0 the checkers
 * that read them complain now and then (NOTEMPTY without a reason, watches), and why is not known yet.
 */
async function transactionsOf(
  ensemble: Ensemble,
  startedAtMs: number,
): Promise<RunRecord['transactions'] | undefined> {
  if (ensemble.members.some(({ plan }) => plan.implementation !== 'zklab')) return undefined;
  const [zxid = 'none'] = await zxidsOf(ensemble);
  const directories = ensemble.members.map(({ plan }) => join(plan.folder, 'log', 'version-2'));
  const lastZxid = Number(zxid);
  return Number.isNaN(lastZxid) ? undefined : agreedTransactions({ directories, lastZxid, startedAtMs });
}

/** @throws Error when the members have not applied the same transactions by the deadline */
async function finalTrees(
  ensemble: Ensemble,
  registers: readonly string[],
  deadlineMs: number,
): Promise<Pick<RunRecord, 'memberTrees' | 'finalTrees'>> {
  const states = await readUntilSame(deadlineMs, async () => {
    await untilLevel(ensemble, deadlineMs);
    const states: MemberState[] = [];
    for (const { name, ownAddress } of ensemble.members)
      states.push(await readMemberState(name, ownAddress, registers));
    return states;
  });
  // Only registers: versions of ephemerals start again when a session ends, and no checker reads those.
  const finalTrees = states.map(({ nodes }) => new Map(registers.map(path => [path, nodes.get(path)])));
  return { memberTrees: states, finalTrees };
}

/**
 * Members are read one after the other. A session that expires meanwhile takes its ephemerals with it: a node
 * that was listed is gone, or the later members are at a later zxid; so all are read again. What stays is
 * returned or thrown.
 */
export async function readUntilSame<T extends { readonly zxid: number }>(
  deadlineMs: number,
  read: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const isLast = () => performance.now() > giveUpAt;
    const states = await read().catch((error: unknown) => {
      if (error instanceof ZkClientError && error.code === ErrorCode.NONODE && !isLast()) return undefined;
      throw error;
    });
    if (states === undefined) continue;
    if (new Set(states.map(({ zxid }) => zxid)).size <= 1 || isLast()) return states;
  }
}

/** One sentence for each thing that is wrong; empty when all is well. */
export function complaintsOf(judgements: readonly Judgement[]): string[] {
  return judgements
    .filter(({ valid }) => valid !== 'valid')
    .flatMap(({ checker, reasons }) => reasons.map(reason => `${checker}: ${reason}`));
}

export function emitJudgements(events: EventSink, judgements: readonly Judgement[]): void {
  for (const { checker, valid, checked, reasons } of judgements)
    events.emit({ kind: 'judgement', checker, valid, checked, reasons: [...reasons] });
}

async function untilLevel(ensemble: Ensemble, deadlineMs: number): Promise<void> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const zxids = await zxidsOf(ensemble);
    if (new Set(zxids).size === 1) return;
    if (performance.now() > giveUpAt)
      throw new Error(`after ${deadlineMs} ms the members have applied different zxids: ${zxids.join(', ')}`);
    await sleep(POLL_MS);
  }
}

/** The zxids that `srvr` shows, in the order of the members. */
export async function zxidsOf(ensemble: Ensemble): Promise<string[]> {
  const answers = ensemble.members.map(({ plan }) => fourLetterWord(plan.ports.client, 'srvr'));
  return (await Promise.all(answers)).map(answer => /^Zxid: (\S+)/m.exec(answer)?.[1] ?? 'none');
}
