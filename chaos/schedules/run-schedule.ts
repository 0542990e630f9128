/**
 * Runs a schedule on a real ensemble. A workload runs before, during and after the faults, and each fault is
 * proven. Then every member is read, and the checkers judge.
 */
import { join } from 'node:path';
import { makeTemporaryFolder } from '../../bench/hosts/temporary-folder.ts';
import { type Environment as Probed, probeEnvironment } from '../../bench/measure/environment.ts';
import { MachineWatch } from '../../bench/measure/machine-use.ts';
import { Recorder } from '../../bench/measure/recorder.ts';
import { environmentRow, topologyRow } from '../../bench/measure/result-rows.ts';
import type { RecordedRun } from '../../bench/recorded-run.ts';
import type { Ensemble } from '../../bench/topology/ensemble.ts';
import { deathRows, deathsSince } from '../../bench/topology/ensemble-health.ts';
import { isApache, releaseOf } from '../../bench/topology/implementation.ts';
import { keepLogs } from '../../bench/topology/keep-logs.ts';
import { untilReady } from '../../bench/topology/readiness.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { type Environment, type Result, SCHEMA_VERSION } from '../../results/schema.ts';
import { exitCodeOf } from '../../results/verdicts.ts';
import { SERVER_VERSION } from '../../server/version.ts';
import type { Judgement, Measured } from '../checkers/judgement.ts';
import type { Aftermath } from '../checkers/run-record.ts';
import { wantStandIn } from '../faults/index.ts';
import { type MeshedEnsemble, startMeshedEnsemble } from '../meshed-ensemble.ts';
import { labToWatch, membersToWatch, ResourceWatch } from '../resource-watch.ts';
import type { Toxiproxy } from '../toxiproxy/toxiproxy.ts';
import { waitMs } from '../wait.ts';
import { LiveWorkload, prepareNodes } from '../workloads/live/live-workload.ts';
import { resultRow } from '../workloads/records/judge-record.ts';
import { emitJudgements, judgeWorkload } from '../workloads/records/judge-workload.ts';
import { chaosPhase } from './chaos-phase.ts';
import { LinkLog } from './link-log.ts';
import { RunWatch } from './run-watch.ts';
import type { Schedule } from './schedule.ts';
import { timelineOfHistory } from './timeline-of-history.ts';
import { validityOf } from './validity.ts';

export interface RunScheduleOptions {
  readonly schedule: Schedule;
  readonly topology: Topology;
  /** Seed of the workload, of the members that faults choose, and of the stand-in for Toxiproxy. */
  readonly seed: number;
  readonly commandLine: string;
  readonly run: RecordedRun;
  /** Ends the run; nothing is judged then. */
  readonly signal: AbortSignal;
}

/**
 * Limit after the last heal: all members are back, a write has committed, and all have the same transactions.
 */
export const RECOVER_MAX_MS = 60_000;
/** Writes acknowledged before the first fault: they show that the ensemble was healthy. */
const HEALTHY_WRITES = 20;
const POLL_MS = 20;

/**
 * When it returns or throws, nothing is left running.
 * @throws EnsembleError when the ensemble does not start, and the signal's reason
 */
export async function runSchedule(options: RunScheduleOptions): Promise<Result> {
  const { schedule, topology, seed, run, signal } = options;
  const { events } = run;
  run.plan({
    suite: schedule.name,
    seed,
    claims: [],
    topologies: [{ name: topology.name, shortForm: topology.shortForm }],
  });
  events.emit({ kind: 'phase', what: 'probing the machine' });
  const probed = await probeEnvironment();
  const watch = new MachineWatch();
  const folder = makeTemporaryFolder('chaos');
  try {
    events.emit({ kind: 'phase', what: `starting ${topology.shortForm}` });
    const meshed = await startMeshedEnsemble(topology, {
      folder: folder.path,
      temporaryFolder: folder.path,
      seed,
      onMember: event => events.emit({ kind: 'member', topology: topology.name, ...event }),
      signal,
      standIn: wantStandIn(schedule.steps.map(({ fault }) => fault)),
    });
    try {
      events.emit({
        kind: 'note',
        text: `${topology.shortForm} is up, every link through ${nameOf(meshed)}`,
      });
      const toxiproxy = { kind: meshed.toxiproxy.kind, version: meshed.toxiproxy.version };
      return await attacked(
        options,
        meshed,
        environmentRow(probed, { server: serverOf(topology, probed), toxiproxy }),
        watch,
      );
    } finally {
      events.emit({ kind: 'phase', what: 'taking everything down' });
      // What was seen is not lost because a disk is full or a proxy cannot be removed.
      const also = (what: string) => (error: Error) =>
        events.emit({ kind: 'note', text: `${what}: ${error.message}` });
      if (!signal.aborted)
        await keepLogs(meshed.ensemble, join(run.path, 'logs')).catch(also('the logs were not kept'));
      await meshed.stop().catch(also('not everything ended cleanly'));
    }
  } finally {
    folder.remove();
  }
}

/** What all members run; `other` when they differ, or run a custom command. */
function serverOf({ members }: Topology, { apacheZooKeeper }: Probed): Environment['server'] {
  const [implementation, ...others] = new Set(members.map(each => each.implementation));
  if (implementation === undefined || typeof implementation === 'object' || others.length > 0)
    return { implementation: 'other', version: '' };
  if (isApache(implementation))
    return { implementation: 'apache', version: releaseOf(implementation) ?? apacheZooKeeper ?? 'unknown' };
  return { implementation, version: SERVER_VERSION };
}

function nameOf({ toxiproxy }: { readonly toxiproxy: Toxiproxy }): string {
  const name = toxiproxy.kind === 'stand-in' ? 'the built-in stand-in for Toxiproxy' : 'Toxiproxy';
  return `${name} ${toxiproxy.version}`;
}

async function attacked(
  options: RunScheduleOptions,
  meshed: MeshedEnsemble,
  environment: Environment,
  watch: MachineWatch,
): Promise<Result> {
  const { schedule, topology, seed, run, commandLine, signal } = options;
  const { ensemble } = meshed;
  const { events } = run;
  await prepareNodes(ensemble.directConnectString(), schedule.workload, schedule.workloadOptions);
  const servers = ensemble.members.map(({ clientAddress }) => addressOf(clientAddress));
  const load = new LiveWorkload(
    schedule.workload,
    { servers, seed: String(seed), folder: run.path },
    schedule.workloadOptions,
  );
  const startedAt = Date.now() - load.nowMs;
  const recorder = new Recorder(events);
  const linkLog = new LinkLog(run.path, meshed);
  const resources = new ResourceWatch([...membersToWatch(ensemble), labToWatch(run.path)], {
    nowMs: () => load.nowMs,
  });
  const watched = new RunWatch(meshed, text => events.emit({ kind: 'note', text }), signal);
  try {
    for (const text of load.skipped) events.emit({ kind: 'note', text });
    events.emit({ kind: 'phase', what: 'calm' });
    const unhealthy = await load.untilAcknowledged(HEALTHY_WRITES, RECOVER_MAX_MS).then(
      () => [],
      (error: Error) => [`unhealthy before the first fault: ${error.message}`],
    );
    await waitMs(schedule.calmMs, watched.cut);
    events.emit({ kind: 'phase', what: 'chaos' });
    const report = await chaosPhase(schedule, meshed, {
      ...{ topology: topology.name, seed, events: linkLog.behind(events) },
      ...{ signal: watched.cut, settleMaxMs: RECOVER_MAX_MS },
    });
    signal.throwIfAborted();
    // Links cannot be healed without their proxies, and nothing reaches anything.
    const isLost = watched.lost !== undefined;
    events.emit({ kind: 'phase', what: 'heal' });
    const harmed = Object.keys(isLost ? {} : await linkLog.look('the last heal'));
    if (!isLost) events.emit({ kind: 'phase', what: 'convergence' });
    const { aftermath, wroteAtMs } = isLost ? lostAt(load) : await recovery(ensemble, load, signal);
    resources.stop();
    const readings = resources.samples;
    await watched.stop();
    await load.stop(isLost ? 0 : RECOVER_MAX_MS);
    signal.throwIfAborted();
    events.emit({ kind: 'phase', what: 'judging' });
    const unkept = load.problem;
    const ended = await deathsSince(ensemble, 0);
    const deaths = { ended, members: ensemble.members.length };
    const judgements = isLost
      ? []
      : await judgeWorkload(ensemble, load, RECOVER_MAX_MS, { aftermath, deaths, readings });
    emitJudgements(events, judgements);
    for (const { row } of report.outcomes) recorder.fault(row);
    const place = { metric: 'writeAfterHeal', topology: topology.name, condition: schedule.name };
    if (wroteAtMs !== undefined) recorder.sample(place, 0, wroteAtMs - aftermath.healedAtMs);
    for (const { metric, of, value, at } of measuredBy(judgements))
      recorder.sample({ metric, topology: topology.name, condition: `${schedule.name}, ${of}` }, at, value);
    const spans = report.outcomes.map(({ span }) => span);
    recorder.timeline(
      await timelineOfHistory(load.histories(), load.lastEventMs, spans, {
        ...{ topology: topology.name, condition: schedule.name, startedAt },
      }),
    );
    const linkProblem = await linkLog.problem();
    const lost = watched.lost ?? (await meshed.whyLost());
    const judged = {
      claims: [],
      judgements: judgements.map(resultRow),
      validity: validityOf(schedule, report, judgements, {
        broken: [
          ...unhealthy,
          ...(lost === undefined ? [] : [lost]),
          ...(harmed.length > 0 ? [`after the last heal ${harmed.join(', ')} were not healed`] : []),
        ],
        ended: watched.ended,
        missing: [
          ...(unkept === undefined ? [] : [`the history is not whole: ${unkept}`]),
          ...(linkProblem === undefined || isLost ? [] : [`states of links are missing: ${linkProblem}`]),
        ],
      }),
    };
    return {
      schemaVersion: SCHEMA_VERSION,
      run: {
        id: run.id,
        name: schedule.name,
        suite: schedule.name,
        startedAt: run.startedAt.toISOString(),
        endedAt: new Date().toISOString(),
        seed,
        commandLine,
        exitCode: exitCodeOf(judged),
      },
      environment,
      machineUse: watch.use(null, meshed.toxiproxy.pid),
      inputs: { schedule: schedule.written, topology: topology.shortForm },
      topologies: [topologyRow(topology)],
      ...judged,
      ...recorder.measured(),
      deaths: deathRows(ensemble, topology.name, () => schedule.name),
      limits: LIMITS,
    };
  } finally {
    resources.stop();
    await watched.stop();
    await load.stop(0);
  }
}

/** What checkers measured; several values of one thing, such as clients of one kind, are counted from 0. */
function measuredBy(judgements: readonly Judgement[]): (Measured & { readonly at: number })[] {
  const counts = new Map<string, number>();
  return judgements
    .flatMap(({ measured = [] }) => measured)
    .map(each => {
      const key = `${each.metric} ${each.of}`;
      const at = counts.get(key) ?? 0;
      counts.set(key, at + 1);
      return { ...each, at };
    });
}

interface Recovery {
  readonly aftermath: Aftermath;
  /** When the first write that began after the last heal was acknowledged. */
  readonly wroteAtMs?: number | undefined;
}

function lostAt(load: LiveWorkload): Recovery {
  const notServing = 'no link works any more';
  return { aftermath: { healedAtMs: load.nowMs, recoverMaxMs: 0, notServing } };
}

/**
 * Waits until the ensemble serves and a write that began after the last heal has committed, at most
 * `RECOVER_MAX_MS`.
 */
async function recovery(ensemble: Ensemble, load: LiveWorkload, signal: AbortSignal): Promise<Recovery> {
  const healedAtMs = load.nowMs;
  const untilMs = healedAtMs + RECOVER_MAX_MS;
  load.restore();
  let notServing = await untilReady(ensemble.members, RECOVER_MAX_MS, { signal }).then(
    () => undefined,
    (error: Error) => error.message.split('\n')[0],
  );
  let wroteAtMs = load.firstWriteAfter(healedAtMs);
  while ((wroteAtMs === undefined || !load.isRestored) && load.nowMs < untilMs) {
    signal.throwIfAborted();
    await waitMs(POLL_MS, signal);
    wroteAtMs ??= load.firstWriteAfter(healedAtMs);
  }
  if (!load.isRestored) notServing ??= 'its members are not those that it began with';
  return { aftermath: { healedAtMs, recoverMaxMs: RECOVER_MAX_MS, notServing }, wroteAtMs };
}

function addressOf(text: string): { host: string; port: number } {
  const [host = '', port = ''] = text.split(':');
  return { host, port: Number(port) };
}

const LIMITS: string[] = [
  'All members, the proxies and the clients share one machine: times mean little, and judgements do not need them.',
  'Checkers read what the clients of this workload saw, and every member at the end; what no client asked for is not judged.',
  'Kills and pauses are real. Power loss is only simulated ("zklab sim").',
  'A blackhole is healed by closing its connections, as Toxiproxy does; a real partition can end without that.',
];
