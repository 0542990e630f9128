/**
 * `zklab bench costs`: measures what messages, flushes and fsyncs cost in CPU, on small ensembles and on
 * larger ones that test the model. Each ensemble runs alone, since the caches of a core that many processes
 * share are cold, and is started anew in each round. Every second round goes backwards.
 */
import { join } from 'node:path';
import { machineText, whyBusy } from '../../results/busy-machine.ts';
import type { Death, WorkWindow } from '../../results/schema.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { isDefect } from '../defect.ts';
import { makeTemporaryFolder } from '../hosts/temporary-folder.ts';
import { LoadDriver } from '../load/load-process.ts';
import { preload } from '../load/workload/preload.ts';
import { probeEnvironment } from '../measure/environment.ts';
import { MachineWatch } from '../measure/machine-use.ts';
import { Recorder } from '../measure/recorder.ts';
import { NO_TOXIPROXY } from '../measure/result-rows.ts';
import { stored } from '../present.ts';
import { type RecordedRun, recordRun } from '../recorded-run.ts';
import { CellLedger, type CellPlace } from '../rounds/cell-ledger.ts';
import { Cells } from '../rounds/cells.ts';
import { Sinks } from '../sinks/sinks.ts';
import type { Terminal } from '../terminal.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { deathRows } from '../topology/ensemble-health.ts';
import { planEnsemble } from '../topology/plan.ts';
import { readTopology } from '../topology/read-topology.ts';
import type { Topology } from '../topology/topology.ts';
import { CELLS, type Cell, loadsOf, loadText, type PacedLoad } from './cells.ts';
import { COSTS_SUITE, costsResult } from './costs-result.ts';
import { measureWindow, SESSIONS, workloadOf } from './measure-window.ts';
import { modelOrReason, modelText } from './model-text.ts';

export interface CostsOptions {
  readonly rounds: number;
  readonly windowMs: number;
  readonly warmupMs: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** @default CELLS */
  readonly cells?: readonly Cell[];
  /** Folder for results. @default results/runs */
  readonly root?: string;
}

const WARM_DEPTH = 16;
const SINKS_SERVING_MAX_MS = 30_000;
const RECOVER_MAX_MS = 30_000;
const COMMAND = 'bench costs';

/** The exit code is 3 when the model is not good enough to predict, or something was not measured. */
export function benchCosts(terminal: Terminal, options: CostsOptions): Promise<ExitCode> {
  const { json, root } = options;
  return recordRun(terminal, { name: COSTS_SUITE, json, root }, run => measured(run, terminal, options));
}

/** What is measured. */
interface Measured {
  readonly windows: WorkWindow[];
  readonly deaths: Death[];
  /** Windows in which the driver was late, so that writes came in larger groups. */
  lateWindows: number;
}

async function measured(run: RecordedRun, terminal: Terminal, options: CostsOptions): Promise<ExitCode> {
  const { cells = CELLS, rounds, json, signal, windowMs, warmupMs } = options;
  const { events } = run;
  const topologies = topologiesOf(cells);
  run.plan({ suite: COSTS_SUITE, seed: 1, claims: [], topologies: [...topologies.values()].map(named) });
  events.emit({ kind: 'phase', what: 'probing the machine' });
  const environment = await probeEnvironment();
  const watch = new MachineWatch();
  const temporary = makeTemporaryFolder(COSTS_SUITE);
  const driver = new LoadDriver();
  const found: Measured = { windows: [], deaths: [], lateWindows: 0 };
  const ledger = new CellLedger();
  const recorder = new Recorder(events);
  const cellsOf = new Cells({ ledger, recorder, events, signal, recoverMaxMs: RECOVER_MAX_MS });
  const endLoad = () => driver.abort();
  signal.addEventListener('abort', endLoad);
  let done = 0;
  try {
    for (; done < rounds && !signal.aborted; done++) {
      events.emit({ kind: 'round', experiment: COSTS_SUITE, round: done, of: rounds });
      for (const [text, topology] of done % 2 === 0 ? topologies : [...topologies].reverse()) {
        const folder = join(temporary.path, `${done}-${text.replace(/\W+/g, '-')}`);
        const place = { run, options, driver, cellsOf, recorder, found, round: done, folder };
        await measureEnsemble(
          place,
          topology,
          cells.filter(cell => cell.topology === text),
        );
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    events.emit({ kind: 'phase', what: 'taking everything down' });
    signal.removeEventListener('abort', endLoad);
    await driver.close();
    temporary.remove();
  }
  if (found.windows.length === 0) {
    const text = signal.aborted ? 'interrupted: nothing was measured' : ledger.unmeasured().join('\n');
    if (json) terminal.progress(text);
    else terminal.print(text);
    return EXIT_CODES.void;
  }
  const machineUse = watch.use(driver.worst, undefined);
  const model = modelOrReason(found.windows);
  const reason = typeof model === 'string' ? model : model.refusal;
  const unmeasured = ledger.unmeasured();
  const isWhole = unmeasured.length === 0 && !signal.aborted;
  const exitCode = reason === undefined && isWhole ? EXIT_CODES.holds : EXIT_CODES.void;
  const busy = whyBusy({ machineUse, environment: { toxiproxy: NO_TOXIPROXY } });
  const result = costsResult({
    run,
    rounds,
    windowMs,
    warmupMs,
    sessions: SESSIONS,
    environment,
    machineUse,
    cells,
    topologies,
    windows: found.windows,
    deaths: found.deaths,
    exitCode,
    voidReasons: reason === undefined ? [] : [reason],
    unmeasured,
    interrupted: signal.aborted ? `after ${done} of ${rounds} rounds` : undefined,
    busy,
    lateWindows: found.lateWindows,
  });
  const { lines, isStored } = await stored(run, terminal, result);
  if (json) terminal.json(result);
  else {
    terminal.print(modelText(model));
    terminal.print(`machine: ${machineText(machineUse)}`);
    if (busy !== undefined) terminal.print(`warning: ${busy}`);
    for (const each of unmeasured) terminal.print(`not measured: ${each}`);
    if (signal.aborted) terminal.print(`interrupted after ${done} of ${rounds} rounds`);
    terminal.print(lines.join('\n'));
  }
  return isStored ? exitCode : EXIT_CODES.failed;
}

/** By the text of each; several cells share one. */
function topologiesOf(cells: readonly Cell[]): Map<string, Topology> {
  return new Map(cells.map(({ topology }) => [topology, readTopology(topology)]));
}

function named({ name, shortForm }: Topology) {
  return { name, shortForm };
}

/** A cold server runs interpreted code, which costs several times as much. */
async function warmUp(ensemble: Ensemble, driver: LoadDriver, warmupMs: number): Promise<void> {
  const leader = await ensemble.leaderWithin();
  const workload = workloadOf({ valueBytes: 100 });
  await preload(leader.plan.ports.client, workload, SESSIONS);
  if (warmupMs === 0) return;
  await driver.run({
    targets: ensemble.members.map(({ name, plan }) => ({ name, ...plan.ports.client })),
    sessionsPerTarget: SESSIONS,
    workload,
    mode: { kind: 'closed', depth: WARM_DEPTH },
    warmupMs: 0,
    durationMs: warmupMs,
  });
}

interface Place {
  readonly run: RecordedRun;
  readonly options: CostsOptions;
  readonly driver: LoadDriver;
  readonly cellsOf: Cells;
  readonly recorder: Recorder;
  readonly found: Measured;
  readonly round: number;
  readonly folder: string;
}

/** Starts an ensemble, measures its cells and ends it. One that does not start costs its own cells. */
async function measureEnsemble(place: Place, topology: Topology, cells: readonly Cell[]): Promise<void> {
  const { run, options, driver, cellsOf, found, folder, round } = place;
  const { signal, warmupMs } = options;
  const { shortForm } = topology;
  signal.throwIfAborted();
  run.events.emit({ kind: 'phase', what: `starting ${shortForm}` });
  let ensemble: Ensemble | undefined;
  try {
    ensemble = await Ensemble.start(await planEnsemble(topology, folder), {
      temporaryFolder: folder,
      onMember: event => run.events.emit({ kind: 'member', topology: shortForm, ...event }),
      signal,
    });
    await warmUp(ensemble, driver, warmupMs);
    for (const cell of cells) await measureCell(place, cell, ensemble);
  } catch (error) {
    signal.throwIfAborted();
    if (isDefect(error)) throw error;
    const reason = `the ensemble did not start: ${(error as Error).message.split('\n')[0]}`;
    for (const cell of cells)
      for (const paced of loadsOf(cell)) cellsOf.lose(placeOf(cell, paced), round, reason);
  } finally {
    await ensemble?.stop();
    if (ensemble !== undefined) found.deaths.push(...deathRows(ensemble, cells[0]!.name, () => COMMAND));
  }
}

/** What goes wrong costs its own window, or the cell where its sinks do not serve. */
async function measureCell(place: Place, cell: Cell, ensemble: Ensemble): Promise<void> {
  const { options, driver, cellsOf, recorder, found, round } = place;
  const { rounds, windowMs, signal } = options;
  const stage = { name: cell.name, ensemble, hasLinks: false, begin: () => {} };
  let sinks: Sinks | undefined;
  try {
    await cellsOf.prepare(stage, 'its sinks', async () => {
      sinks = await sinksAt(ensemble, cell.sinks, signal);
    });
    for (const paced of loadsOf(cell)) {
      const { experiment, condition } = placeOf(cell, paced);
      await cellsOf.measure({ experiment, condition, stage, round, of: rounds }, async () => {
        const { window, load } = await measureWindow({ cell, ensemble, driver, paced, windowMs, round });
        signal.throwIfAborted();
        found.windows.push(window);
        const at = { metric: 'committed', topology: cell.name, condition };
        recorder.sample(at, round, window.committedPerSecond);
        if (load.voidReasons.length > 0) found.lateWindows++;
      });
    }
  } finally {
    await sinks?.stop();
  }
}

function placeOf({ name }: Cell, paced: PacedLoad): CellPlace {
  return { experiment: COSTS_SUITE, topology: name, condition: loadText(paced) };
}

/** Sinks connect to the leader. */
async function sinksAt(ensemble: Ensemble, count: number, signal: AbortSignal): Promise<Sinks | undefined> {
  if (count === 0) return undefined;
  const { plan } = await ensemble.leaderWithin();
  const sinks = await Sinks.start({ count, masters: [plan.ports.quorum] });
  try {
    await sinks.untilServing(SINKS_SERVING_MAX_MS, signal);
    return sinks;
  } catch (error) {
    await sinks.stop();
    throw error;
  }
}
