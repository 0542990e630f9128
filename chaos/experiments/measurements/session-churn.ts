/** Sessions that open and close as fast as the members answer: how many, and what each cost the ensemble. */
import type { LoadDriver } from '../../../bench/load/load-process.ts';
import type { LoadResult, LoadSpec } from '../../../bench/load/load-spec.ts';
import { closedLoopVoidReasons } from '../../../bench/load/load-validity.ts';
import { countedSince, readCounters } from '../../../bench/measure/exact-counts.ts';
import type { Recorder } from '../../../bench/measure/recorder.ts';
import { CONDITIONS } from '../../../results/names.ts';
import type { Stage } from '../stage.ts';
import { levelZxid } from './link-counts.ts';
import { type WriteLoad, workloadOf } from './throughput.ts';

export interface SessionLoad {
  readonly driver: LoadDriver;
  readonly write: Pick<WriteLoad, 'load' | 'seed'>;
  /** Of the load itself, on each member. Each opens and closes others. */
  readonly sessionsPerTarget: number;
  readonly depth: number;
}

export interface SessionContext {
  readonly stage: Stage;
  readonly round: number;
  readonly recorder: Recorder;
  /** Why the machine spoilt the load. Called at its end. */
  readonly spoilt: () => readonly string[];
}

/** An operation that finds none to close opens one, so few are left at the end. */
const MIX = { openSession: 1, closeSession: 3 } as const;
/** One operation opens a session and another closes it. */
const OPERATIONS = 2;

export function churnSessions(
  load: SessionLoad,
  { ensemble }: Stage,
  durationMs: LoadSpec['durationMs'],
): Promise<LoadResult> {
  const { driver, write, sessionsPerTarget, depth } = load;
  return driver.run({
    targets: ensemble.members.map(({ name, plan }) => ({ name, ...plan.ports.client })),
    sessionsPerTarget,
    workload: { ...workloadOf(write), mix: MIX },
    mode: { kind: 'closed', depth },
    // What a warm-up opens is counted by the servers, and by no client.
    warmupMs: 0,
    durationMs,
  });
}

/** @throws LoadError; Error when the members do not become level after it */
export async function measureSessions(
  { stage, round, recorder, spoilt }: SessionContext,
  load: SessionLoad,
  durationMs: LoadSpec['durationMs'],
): Promise<void> {
  const { members } = stage.ensemble;
  const { leader } = await stage.assignRoles();
  const zxid = await levelZxid(members, leader);
  const before = await readCounters(members);
  const churned = await churnSessions(load, stage, durationMs);
  const reasons = [...spoilt(), ...closedLoopVoidReasons(churned)];
  const transactions = Number((await levelZxid(members, leader)) - zxid);
  const { deltas } = await countedSince(before, members, leader.name, []);
  const place = { metric: 'sessionThroughput', topology: stage.name, condition: CONDITIONS.sessions };
  if (reasons.length > 0) recorder.voided(place, round, reasons.join('; '));
  else recorder.sample(place, round, churned.writesPerSecond / OPERATIONS, round);
  // No busy machine voids what was counted.
  const opened = churned.operations
    .filter(({ operation }) => operation === 'openSession')
    .reduce((sum, { ok }) => sum + ok, 0);
  if (opened === 0) return;
  const { writesOk, writesOkWithWarmup } = churned.totals;
  // A busy driver sends a few after the window, which the servers count. All that opened are closed by the
  // end, and so are those of the load itself.
  const sessions = (opened * writesOkWithWarmup) / writesOk + members.length * load.sessionsPerTarget;
  const fsyncs = [...deltas.values()].map(each => each.fsyncs);
  recorder.counts(place, {
    transactionsPerSession: transactions / sessions,
    ...(fsyncs.every(each => each !== undefined) && {
      fsyncsPerSession: fsyncs.reduce((sum, each) => sum + each, 0) / sessions,
    }),
  });
}
