/**
 * `zklab bench peer`: our server and Apache ZooKeeper, three voters each, under the same load, in alternating rounds on one
 * machine. Both ensembles live all the time, so that rounds begin warm; the one that waits does next to nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRun } from '../../results/store.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { preload } from '../load/preload.ts';
import { probeEnvironment } from '../measure/environment.ts';
import { fourLetterWord, parseSrvr } from '../measure/four-letter.ts';
import type { Terminal } from '../terminal.ts';
import { APACHE_HINT, findApacheZooKeeper } from '../topology/apache-zookeeper.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { planEnsemble } from '../topology/plan.ts';
import { readTopology } from '../topology/read-topology.ts';
import { TEMPORARY_PREFIX } from '../topology/reaper.ts';
import { UsageError } from '../usage-error.ts';
import { driverLagLimit, PEER_LIMITS } from './peer-limits.ts';
import { type PeerServer, peerResult, peerRows, SERVERS } from './peer-result.ts';
import { measureRound, PEER_LOAD_TEXT, PEER_WORKLOAD, type PeerRound } from './peer-round.ts';
import { peerText } from './peer-text.ts';

export interface PeerOptions {
  readonly rounds: number;
  /** Of each phase of a round, without its warm-up. */
  readonly seconds: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** Where results go. @default results/runs */
  readonly root?: string;
}

type Both<T> = Record<PeerServer, T>;

/** Exit code 3 when a round does not count. @throws UsageError without Apache ZooKeeper, EnsembleError */
export async function benchPeer(terminal: Terminal, options: PeerOptions): Promise<ExitCode> {
  const apache = findApacheZooKeeper();
  if (apache === undefined)
    throw new UsageError(
      `bench peer compares with Apache ZooKeeper, which is not here; to get it: ${APACHE_HINT}`,
    );
  const startedAt = new Date();
  const environment = await probeEnvironment();
  const folder = mkdtempSync(join(tmpdir(), `${TEMPORARY_PREFIX}peer-`));
  const running: Ensemble[] = [];
  try {
    const ensembles = await startBoth(folder, running, terminal);
    const versions = { zklab: await versionOf(ensembles.zklab), apache: apache.version };
    const { rounds, voidReasons } = await alternate(ensembles, terminal, options);
    const exitCode = voidReasons.length > 0 ? EXIT_CODES.void : EXIT_CODES.holds;
    const run = await createRun('peer', startedAt, options.root);
    const result = peerResult({
      id: run.id,
      startedAt,
      endedAt: new Date(),
      commandLine: `zklab bench peer --rounds ${options.rounds} --seconds ${options.seconds}`,
      environment,
      versions,
      plans: { zklab: ensembles.zklab.plan, apache: ensembles.apache.plan },
      rounds,
      seed: PEER_WORKLOAD.seed,
      voidReasons,
      exitCode,
      limits: [...PEER_LIMITS, ...(rounds.zklab.length > 0 ? [driverLagLimit(rounds)] : [])],
    });
    const file = await run.write(result);
    if (options.json) terminal.json(result);
    else {
      terminal.print(`zklab ${versions.zklab} and Apache ZooKeeper ${versions.apache}: ${PEER_LOAD_TEXT}\n`);
      terminal.print(peerText(peerRows(rounds)));
      for (const reason of voidReasons) terminal.print(`void: ${reason}`);
      terminal.print(`result: ${file}`);
    }
    return exitCode;
  } finally {
    terminal.progress('stopping ...');
    await Promise.all(running.map(ensemble => ensemble.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Those that run are in `running` at once, so that they end even if the other one does not start. */
async function startBoth(folder: string, running: Ensemble[], terminal: Terminal): Promise<Both<Ensemble>> {
  return both(async server => {
    terminal.progress(`starting ${server} ...`);
    const plan = await planEnsemble(readTopology(`voters server=${server}`), join(folder, server));
    const ensemble = await Ensemble.start(plan, { temporaryFolder: folder });
    running.push(ensemble);
    await preload(plan.members[0]!.ports.client, PEER_WORKLOAD, 0);
    return ensemble;
  });
}

async function alternate(
  ensembles: Both<Ensemble>,
  terminal: Terminal,
  { rounds: count, seconds, signal }: PeerOptions,
): Promise<{ rounds: Both<PeerRound[]>; voidReasons: string[] }> {
  const rounds: Both<PeerRound[]> = { zklab: [], apache: [] };
  const voidReasons: string[] = [];
  const measure = (round: string) =>
    both(server => {
      terminal.progress(`${round}: ${server}`);
      return measureRound(ensembles[server], seconds * 1000, signal);
    });
  try {
    // Compilers of both begin cold: what the first round says is of them.
    await measure('warm-up round, not counted');
    for (let round = 1; round <= count; round++) {
      const measured = await measure(`round ${round} of ${count}`);
      // A phase that was cut short is no measurement, and half a round no pair.
      signal.throwIfAborted();
      for (const server of SERVERS) {
        rounds[server].push(measured[server]);
        voidReasons.push(
          ...measured[server].voidReasons.map(reason => `round ${round}, ${server}, ${reason}`),
        );
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    voidReasons.push(`ended early, after ${rounds.zklab.length} of ${count} rounds`);
  }
  return { rounds, voidReasons };
}

async function versionOf({ members }: Ensemble): Promise<string> {
  const answer = await fourLetterWord(members[0]!.plan.ports.client, 'srvr');
  return parseSrvr(answer)?.version || 'of unknown version';
}

/** One after the other, in the order of SERVERS. */
async function both<T>(of: (server: PeerServer) => Promise<T>): Promise<Both<T>> {
  return { zklab: await of('zklab'), apache: await of('apache') };
}
