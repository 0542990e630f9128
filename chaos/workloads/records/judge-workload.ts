/** Judges a workload on real processes with the checkers of the simulation. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ZkClientError } from '../../../bench/load/client/client-error.ts';
import type { Ensemble } from '../../../bench/topology/ensemble.ts';
import { fourLetterWord } from '../../../bench/topology/four-letter.ts';
import type { EventSink } from '../../../results/events.ts';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import type { Judgement } from '../../checkers/judgement.ts';
import { leakLimits } from '../../checkers/leaks.ts';
import { firstWriteAfter } from '../../checkers/liveness.ts';
import type { FinalNode, ResourceSample, RunRecord } from '../../checkers/run-record.ts';
import { withRoot } from '../clients/client-root.ts';
import { agreedTransactions } from '../live/agreed-transactions.ts';
import { apacheLeadersOf } from '../live/apache-leaders.ts';
import type { Chapter } from '../live/chapter.ts';
import { type MemberState, readMemberState } from '../live/final-state.ts';
import type { LiveWorkload } from '../live/live-workload.ts';
import { memberEventsOf } from '../live/member-events.ts';
import { type AboutRecord, acrossChapters, judgeRecord, type KeptRecord } from './judge-record.ts';
import { keepRecord } from './kept-record.ts';

const POLL_MS = 50;

/** What the caller knows of the run as a whole. */
export interface WholeRun extends Pick<KeptRecord, 'aftermath' | 'deaths'> {
  /** What processes used; see `resource-watch.ts`. */
  readonly readings?: readonly ResourceSample[];
}

/**
 * Runs the checkers after the load has stopped, one chapter after the other, and returns their judgements.
 * What they read is kept in the folder of the run, if the load has one.
 * @param deadlineMs by when all members must have applied the same transactions
 */
export async function judgeWorkload(
  ensemble: Ensemble,
  load: LiveWorkload,
  deadlineMs: number,
  { aftermath, readings, ...whole }: WholeRun = {},
): Promise<Judgement[]> {
  const { chapters, workload } = load;
  const roles = Object.fromEntries(
    ensemble.members.map(({ clientAddress, plan }) => [clientAddress, plan.role]),
  );
  const read = await finalStates(ensemble, load.paths, deadlineMs).catch((error: Error) => error.message);
  const apacheLeaders = apacheLeadersOf(ensemble.members);
  const judged: Judgement[][] = [];
  const memberEvents = memberEventsOf(ensemble.members);
  let isAfter = false;
  for (const [at, chapter] of chapters.entries()) {
    const isLast = at === chapters.length - 1;
    const known = await chapter.record();
    // The chapter that was under way when the last fault was healed may have ended before its next write.
    const showsEnd: boolean =
      aftermath !== undefined &&
      !isAfter &&
      (isLast || firstWriteAfter(known.history, aftermath.healedAtMs) !== undefined);
    isAfter ||= showsEnd;
    const states = typeof read === 'string' ? undefined : read;
    const transactions =
      states && (await transactionsOf(ensemble, chapter, chapters[at + 2]?.fromZxid, load.startedAtMs));
    const record: KeptRecord = {
      ...{ ...known, roles, ...(apacheLeaders && { apacheLeaders }) },
      ...(states && { finalTrees: states.map(({ nodes }) => registersOf(chapter, nodes)) }),
      ...(transactions && { transactions }),
      ...(isLast && { ...whole, memberEvents, ...(states && { memberTrees: states }) }),
      ...(isLast && readings && { resources: resourcesOf(readings, states) }),
      ...(showsEnd && { aftermath }),
    };
    const about: AboutRecord = {
      ...{ judgedBy: workload.judgedBy, violations: chapter.violations },
      ...(isLast ? typeof read === 'string' && { unread: read } : { isFollowed: true as const }),
    };
    if (chapter.folder !== undefined) {
      const { sessionRecords, ...rest } = record;
      await keepRecord(chapter.folder, chapter.isPutAway ? rest : record, about);
    }
    judged.push(judgeRecord(record, about));
  }
  return acrossChapters(judged);
}

function resourcesOf(
  samples: readonly ResourceSample[],
  states: readonly MemberState[] | undefined,
): RunRecord['resources'] {
  return { samples, ...leakLimits(samples, states?.[0]?.nodes.size ?? 0) };
}

/** Only registers: versions of ephemerals start again when a session ends, and no checker reads those. */
function registersOf(
  { root, registers }: Chapter,
  nodes: MemberState['nodes'],
): ReadonlyMap<string, FinalNode | undefined> {
  return new Map(registers.map(path => [path, nodes.get(withRoot(root, path))]));
}

/**
 * Undefined when no member has all of them in its logs.
 * @param untilZxid what came from there on, no client of the chapter has seen
 */
async function transactionsOf(
  ensemble: Ensemble,
  { root, fromZxid }: Chapter,
  untilZxid = Number.POSITIVE_INFINITY,
  startedAtMs: number,
): Promise<RunRecord['transactions'] | undefined> {
  const [zxid = 'none'] = await zxidsOf(ensemble);
  const directories = ensemble.members.map(({ plan }) => join(plan.folder, 'log', 'version-2'));
  const lastZxid = Number(zxid);
  if (Number.isNaN(lastZxid)) return undefined;
  return agreedTransactions({ directories, lastZxid, startedAtMs, root, fromZxid, untilZxid });
}

/** @throws Error when the members have not applied the same transactions by the deadline */
async function finalStates(
  ensemble: Ensemble,
  registers: readonly string[],
  deadlineMs: number,
): Promise<readonly MemberState[]> {
  return readUntilSame(deadlineMs, async () => {
    await untilLevel(ensemble, deadlineMs);
    const states: MemberState[] = [];
    for (const { name, ownAddress } of ensemble.members)
      states.push(await readMemberState(name, ownAddress, registers));
    return states;
  });
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
