/**
 * Measures two servers under the same load, in alternating rounds on one machine. Both ensembles run all the
 * time, so that rounds begin warm; the waiting one does next to nothing.
 */
import { join } from 'node:path';
import { machineText, whyBusy } from '../../results/busy-machine.ts';
import type { EventSink } from '../../results/events.ts';
import type { Metric } from '../../results/names.ts';
import type { Result } from '../../results/schema.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { makeTemporaryFolder } from '../hosts/temporary-folder.ts';
import { type WorstDriver, worstOf } from '../load/worst-driver.ts';
import { probeEnvironment } from '../measure/environment.ts';
import { MachineWatch } from '../measure/machine-use.ts';
import { NO_TOXIPROXY } from '../measure/result-rows.ts';
import { stored } from '../present.ts';
import { type RecordedRun, recordRun } from '../recorded-run.ts';
import { outputColumns, type Terminal } from '../terminal.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { deathRows, deathsSince, mendEnsemble, pausedMembers } from '../topology/ensemble-health.ts';
import { fourLetterWord, parseSrvr } from '../topology/four-letter.ts';
import { planEnsemble } from '../topology/plan.ts';
import { driverLagLimit } from './peer-limits.ts';
import { peerResult, peerRows } from './peer-result.ts';
import { peerText } from './peer-text.ts';
import {
  type Contestant,
  mapped,
  type PerSide,
  type Readings,
  type Round,
  type Rounds,
  sidesOf,
} from './servers.ts';
import { takeTurns, turnsLimit } from './turns.ts';

/** What is compared, and how one round of one server is measured. */
export interface Comparison {
  /** `bench <name>`; also the name of the run and its suite. */
  readonly name: string;
  readonly commandLine: string;
  /** Described in words, for the heading of the table. */
  readonly load: string;
  readonly seed: number;
  readonly metrics: readonly Metric[];
  /** What decides the load, for whoever compares two results. */
  readonly inputs: NonNullable<Result['inputs']>;
  /** What its numbers cannot show. */
  readonly limits: readonly string[];
  readonly contestants: PerSide<Contestant>;
  /** A ratio whose interval is this near to 1 counts as no difference. @default nothing does */
  readonly marginShare?: number;
  /** Called once, when an ensemble has just become ready. The readings belong to its first round. */
  prepare?(ensemble: Ensemble, signal: AbortSignal): Promise<Readings>;
  /** Called for an ensemble that has been idle since the other one's turn. */
  rested?(ensemble: Ensemble, signal: AbortSignal): Promise<Readings>;
  /** @throws the reason of `signal` when it is aborted before the last phase */
  measure(ensemble: Ensemble, signal: AbortSignal): Promise<Round>;
}

export interface CompareOptions {
  readonly rounds: number;
  /** Length of each phase of a round, without its warm-up. */
  readonly seconds: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** Folder for results. @default results/runs */
  readonly root?: string;
}

/** A member that was started again must serve within this time. */
const MEND_MAX_MS = 30_000;

/**
 * The exit code is 3 when a round does not count. @throws EnsembleError
 */
export function compareServers(
  terminal: Terminal,
  comparison: Comparison,
  options: CompareOptions,
): Promise<ExitCode> {
  const { json, root } = options;
  return recordRun(terminal, { name: comparison.name, json, root }, run =>
    compared(run, terminal, comparison, options),
  );
}

async function compared(
  run: RecordedRun,
  terminal: Terminal,
  comparison: Comparison,
  { rounds: wanted, seconds, json, signal }: CompareOptions,
): Promise<ExitCode> {
  const { name, commandLine, seed, metrics, load, contestants } = comparison;
  const { events } = run;
  const names = mapped(contestants, each => each.name);
  const titles = mapped(contestants, ({ title }) => title);
  const topologies = sidesOf(contestants).map(side => {
    const { name, topology } = contestants[side]!;
    return { name, shortForm: topology.shortForm };
  });
  run.plan({ suite: name, seed, claims: [], topologies });
  events.emit({ kind: 'phase', what: 'probing the machine' });
  const environment = await probeEnvironment();
  const watch = new MachineWatch();
  const temporary = makeTemporaryFolder(name);
  const running: Ensemble[] = [];
  try {
    const started = await startAll({
      folder: temporary.path,
      running,
      events,
      comparison,
      signal,
    });
    const versions = {
      first: await versionOf(contestants.first, started.first),
      ...(started.second && { second: await versionOf(contestants.second!, started.second) }),
    };
    const { rounds, voidReasons } = await takeTurns(wanted, {
      measure: side => comparison.measure(started[side]!.ensemble, signal),
      rested: async side => comparison.rested?.(started[side]!.ensemble, signal) ?? {},
      once: mapped(started, ({ once }) => once),
      names,
      name,
      events,
      signal,
      recover: recovererOf(started, names),
    });
    const exitCode = voidReasons.length > 0 ? EXIT_CODES.void : EXIT_CODES.holds;
    const machineUse = watch.use(worstDriverOf(rounds), undefined);
    const busy = whyBusy({ machineUse, environment: { toxiproxy: NO_TOXIPROXY } });
    const result = peerResult({
      id: run.id,
      name,
      startedAt: run.startedAt,
      endedAt: new Date(),
      commandLine,
      environment,
      machineUse,
      inputs: { rounds: wanted, seconds, seed, ...comparison.inputs },
      deaths: sidesOf(started).flatMap(side =>
        deathRows(started[side]!.ensemble, names[side]!, () => `bench ${name}`),
      ),
      contestants,
      versions,
      plans: mapped(started, ({ ensemble }) => ensemble.plan),
      metrics,
      rounds,
      seed,
      voidReasons,
      exitCode,
      limits: [
        ...turnsLimit(rounds, names),
        ...comparison.limits,
        ...(rounds.first.length > 0 ? [driverLagLimit(rounds, names)] : []),
        ...(busy === undefined ? [] : [`${busy.charAt(0).toUpperCase()}${busy.slice(1)}.`]),
      ],
    });
    const { lines, isStored } = await stored(run, terminal, result);
    if (json) terminal.json(result);
    else {
      terminal.print(`${headingOf(contestants, versions)}: ${load}\n`);
      terminal.print(
        peerText(peerRows(metrics, rounds), titles, {
          marginShare: comparison.marginShare,
          widthColumns: outputColumns(),
        }),
      );
      terminal.print(`machine: ${machineText(machineUse)}`);
      if (busy !== undefined) terminal.print(`warning: ${busy}`);
      for (const reason of voidReasons) terminal.print(`void: ${reason}`);
      terminal.print(lines.join('\n'));
    }
    return isStored ? exitCode : EXIT_CODES.failed;
  } catch (error) {
    if (!signal.aborted) throw error;
    if (json) terminal.progress('interrupted: nothing was measured');
    else terminal.print('interrupted: nothing was measured');
    return EXIT_CODES.void;
  } finally {
    events.emit({ kind: 'phase', what: 'taking everything down' });
    await Promise.all(running.map(ensemble => ensemble.stop()));
    temporary.remove();
  }
}

/** Brings back a member that ended or stands still, of either server. Returns what had happened to it. */
function recovererOf(started: PerSide<Started>, names: PerSide<string>): () => Promise<string[]> {
  const deathsSeen = new Map<Ensemble, number>();
  return async () => {
    const found: string[] = [];
    for (const side of sidesOf(started)) {
      const { ensemble } = started[side]!;
      const trouble = [
        ...(await deathsSince(ensemble, deathsSeen.get(ensemble) ?? 0)),
        ...pausedMembers(ensemble),
      ];
      deathsSeen.set(ensemble, ensemble.deaths.length);
      if (trouble.length > 0) await mendEnsemble(ensemble, MEND_MAX_MS);
      found.push(...trouble.map(each => `${names[side]}, ${each}`));
    }
    return found;
  };
}

/** The worst of the driver in any round of either server. */
function worstDriverOf(rounds: Rounds): WorstDriver | null {
  return worstOf(sidesOf(rounds).flatMap(side => rounds[side]!.map(({ driver = null }) => driver)));
}

function headingOf({ first, second }: PerSide<Contestant>, versions: PerSide<string>): string {
  const one = `${first.title} ${versions.first}`;
  return second === undefined
    ? `${one} alone, for Apache ZooKeeper is not here (zklab doctor)`
    : `${one} and ${second.title} ${versions.second}`;
}

interface Started {
  readonly ensemble: Ensemble;
  /** Readings that are taken once. */
  readonly once: Readings;
}

interface StartOptions {
  readonly folder: string;
  readonly running: Ensemble[];
  readonly events: EventSink;
  readonly comparison: Comparison;
  readonly signal: AbortSignal;
}

/** The started ensembles are in `running` at once, so that they end even if the other one does not start. */
async function startAll({
  folder,
  running,
  events,
  comparison,
  signal,
}: StartOptions): Promise<PerSide<Started>> {
  const start = async ({ name, topology }: Contestant): Promise<Started> => {
    events.emit({ kind: 'phase', what: `starting ${name}` });
    const plan = await planEnsemble(topology, join(folder, name));
    const ensemble = await Ensemble.start(plan, {
      temporaryFolder: folder,
      onMember: event => events.emit({ kind: 'member', topology: name, ...event }),
      signal,
    });
    running.push(ensemble);
    return { ensemble, once: (await comparison.prepare?.(ensemble, signal)) ?? {} };
  };
  const { first, second } = comparison.contestants;
  const started = await start(first);
  return second === undefined ? { first: started } : { first: started, second: await start(second) };
}

async function versionOf({ version }: Contestant, { ensemble }: Started): Promise<string> {
  if (version !== undefined) return version;
  const answer = await fourLetterWord(ensemble.members[0]!.plan.ports.client, 'srvr');
  return parseSrvr(answer)?.version || 'of unknown version';
}
