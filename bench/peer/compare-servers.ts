/**
 * Measures two servers under the same load, in alternating rounds on one machine. Both ensembles run at the
 * same time, so that rounds begin warm; the waiting one does next to nothing.
 */
import { machineText, whyBusy } from '../../results/busy-machine.ts';
import { EXIT_CODES, type ExitCode, standingOf } from '../../results/verdicts.ts';
import { makeTemporaryFolder } from '../hosts/temporary-folder.ts';
import { type WorstDriver, worstOf } from '../load/driver/worst-driver.ts';
import { probeEnvironment } from '../measure/environment.ts';
import { MachineWatch } from '../measure/machine-use.ts';
import { NO_TOXIPROXY } from '../measure/result-rows.ts';
import { stored } from '../present.ts';
import { type RecordedRun, recordRun } from '../recorded-run.ts';
import { outputColumns, type Terminal } from '../terminal.ts';
import type { Comparison } from './comparison.ts';
import { driverLagLimit } from './peer-limits.ts';
import { peerResult, peerRows } from './peer-result.ts';
import { peerText, verdictsText } from './peer-text.ts';
import { type Contestant, mapped, type PerSide, type Rounds, sidesOf } from './servers.ts';
import { measureStarts } from './starts.ts';
import { turnsLimit } from './turns.ts';

export interface CompareOptions {
  readonly rounds: number;
  /** Length of each phase of a round, without its warm-up. */
  readonly seconds: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** Folder for results. @default results/runs */
  readonly root?: string;
}

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
  try {
    const { rounds, voidReasons, ...measured } = await measureStarts(wanted, {
      comparison,
      folder: temporary.path,
      events,
      signal,
    });
    const claims = comparison.judge?.(rounds) ?? [];
    const isFailed = claims.some(claim => standingOf(claim) === 'fails');
    const exitCode =
      voidReasons.length > 0 ? EXIT_CODES.void : isFailed ? EXIT_CODES.failed : EXIT_CODES.holds;
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
      contestants,
      ...measured,
      metrics,
      rounds,
      claims,
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
      terminal.print(`${headingOf(contestants, measured.versions)}: ${load}\n`);
      terminal.print(
        peerText(peerRows(metrics, rounds), titles, {
          marginShare: comparison.marginShare,
          roundsPerStart: rounds.first.some(({ start }) => start !== undefined)
            ? comparison.roundsPerStart
            : undefined,
          widthColumns: outputColumns(),
        }),
      );
      if (claims.length > 0) terminal.print(`\n${verdictsText(claims)}\n`);
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
    temporary.remove();
  }
}

/** The worst of the driver in any round of either server. */
function worstDriverOf(rounds: Rounds): WorstDriver | null {
  return worstOf(sidesOf(rounds).flatMap(side => rounds[side]!.map(({ driver = null }) => driver)));
}

function headingOf({ first, second }: PerSide<Contestant>, versions: PerSide<string>): string {
  const one = `${first.title} ${versions.first}`;
  return second === undefined
    ? `${one} alone, because Apache ZooKeeper is not installed (zklab doctor)`
    : `${one} and ${second.title} ${versions.second}`;
}
