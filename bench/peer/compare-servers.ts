/**
 * Measures our server and Apache ZooKeeper under the same load, in alternating rounds on one machine. Both
 * ensembles run all the time, so that rounds begin warm; the waiting one does next to nothing.
 */
import { join } from 'node:path';
import type { EventSink } from '../../results/events.ts';
import type { Metric } from '../../results/names.ts';
import type { Result } from '../../results/schema.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { findApacheZooKeeper } from '../hosts/apache-zookeeper.ts';
import { makeTemporaryFolder } from '../hosts/temporary-folder.ts';
import { type WorstDriver, worstOf } from '../load/worst-driver.ts';
import { probeEnvironment } from '../measure/environment.ts';
import { MachineWatch } from '../measure/machine-use.ts';
import { stored } from '../present.ts';
import { type RecordedRun, recordRun } from '../recorded-run.ts';
import { outputColumns, type Terminal } from '../terminal.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { deathRows, deathsSince, mendEnsemble, pausedMembers } from '../topology/ensemble-health.ts';
import { fourLetterWord, parseSrvr } from '../topology/four-letter.ts';
import { planEnsemble } from '../topology/plan.ts';
import type { Topology } from '../topology/topology.ts';
import { driverLagLimit } from './peer-limits.ts';
import { peerResult, peerRows } from './peer-result.ts';
import { peerText } from './peer-text.ts';
import {
  mapped,
  type PeerServer,
  type PerServer,
  type Readings,
  type Round,
  type Rounds,
  SERVERS,
  serversOf,
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
  topology(server: PeerServer): Topology;
  /** Called once, when an ensemble has just become ready. The readings belong to its first round. */
  prepare?(ensemble: Ensemble): Promise<Readings>;
  /** Called for an ensemble that has been idle since the other one's turn. */
  rested?(ensemble: Ensemble): Readings;
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
 * Without Apache ZooKeeper it measures only ours. The exit code is 3 when a round does not count. @throws
 * EnsembleError
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
  const { name, commandLine, seed, metrics, load } = comparison;
  const { events } = run;
  const apache = findApacheZooKeeper();
  const topologies = SERVERS.filter(server => server === 'zklab' || apache !== undefined).map(server => ({
    name: server,
    shortForm: comparison.topology(server).shortForm,
  }));
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
      withApache: apache !== undefined,
      signal,
    });
    const versions = {
      zklab: await versionOf(started.zklab.ensemble),
      ...(apache === undefined ? {} : { apache: apache.version }),
    };
    const { rounds, voidReasons } = await takeTurns(wanted, {
      measure: server => comparison.measure(started[server]!.ensemble, signal),
      rested: server => comparison.rested?.(started[server]!.ensemble) ?? {},
      first: mapped(started, ({ first }) => first),
      name,
      events,
      signal,
      recover: recovererOf(started),
    });
    const exitCode = voidReasons.length > 0 ? EXIT_CODES.void : EXIT_CODES.holds;
    const result = peerResult({
      id: run.id,
      name,
      startedAt: run.startedAt,
      endedAt: new Date(),
      commandLine,
      environment,
      machineUse: watch.use(worstDriverOf(rounds), undefined),
      inputs: { rounds: wanted, seconds, seed, ...comparison.inputs },
      deaths: serversOf(started).flatMap(server =>
        deathRows(started[server]!.ensemble, server, () => `bench ${name}`),
      ),
      versions,
      plans: mapped(started, ({ ensemble }) => ensemble.plan),
      metrics,
      rounds,
      seed,
      voidReasons,
      exitCode,
      limits: [
        ...turnsLimit(rounds),
        ...comparison.limits,
        ...(rounds.zklab.length > 0 ? [driverLagLimit(rounds)] : []),
      ],
    });
    const { lines, isStored } = await stored(run, terminal, result);
    if (json) terminal.json(result);
    else {
      terminal.print(`${headingOf(versions)}: ${load}\n`);
      terminal.print(peerText(peerRows(metrics, rounds), outputColumns()));
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
function recovererOf(started: PerServer<Started>): () => Promise<string[]> {
  const deathsSeen = new Map<Ensemble, number>();
  return async () => {
    const found: string[] = [];
    for (const server of serversOf(started)) {
      const { ensemble } = started[server]!;
      const trouble = [
        ...(await deathsSince(ensemble, deathsSeen.get(ensemble) ?? 0)),
        ...pausedMembers(ensemble),
      ];
      deathsSeen.set(ensemble, ensemble.deaths.length);
      if (trouble.length > 0) await mendEnsemble(ensemble, MEND_MAX_MS);
      found.push(...trouble.map(each => `${server}, ${each}`));
    }
    return found;
  };
}

/** The worst of the driver in any round of either server. */
function worstDriverOf(rounds: Rounds): WorstDriver | null {
  return worstOf(serversOf(rounds).flatMap(server => rounds[server]!.map(({ driver = null }) => driver)));
}

function headingOf({ zklab, apache }: PerServer<string>): string {
  return apache === undefined
    ? `zklab ${zklab} alone, for Apache ZooKeeper is not here (zklab doctor)`
    : `zklab ${zklab} and Apache ZooKeeper ${apache}`;
}

interface Started {
  readonly ensemble: Ensemble;
  readonly first: Readings;
}

interface StartOptions {
  readonly folder: string;
  readonly running: Ensemble[];
  readonly events: EventSink;
  readonly comparison: Comparison;
  readonly withApache: boolean;
  readonly signal: AbortSignal;
}

/** The started ensembles are in `running` at once, so that they end even if the other one does not start. */
async function startAll({
  folder,
  running,
  events,
  comparison,
  withApache,
  signal,
}: StartOptions): Promise<PerServer<Started>> {
  const start = async (server: PeerServer): Promise<Started> => {
    events.emit({ kind: 'phase', what: `starting ${server}` });
    const plan = await planEnsemble(comparison.topology(server), join(folder, server));
    const ensemble = await Ensemble.start(plan, {
      temporaryFolder: folder,
      onMember: event => events.emit({ kind: 'member', topology: server, ...event }),
      signal,
    });
    running.push(ensemble);
    return { ensemble, first: (await comparison.prepare?.(ensemble)) ?? {} };
  };
  const zklab = await start('zklab');
  return withApache ? { zklab, apache: await start('apache') } : { zklab };
}

async function versionOf({ members }: Ensemble): Promise<string> {
  const answer = await fourLetterWord(members[0]!.plan.ports.client, 'srvr');
  return parseSrvr(answer)?.version || 'of unknown version';
}
