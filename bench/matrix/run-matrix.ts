/**
 * Measures a matrix: fresh ensembles for each start, and within a start every cell once a round, in an order
 * that cancels steady trends.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EVENTS_VERSION, type EventSink } from '../../results/events.ts';
import { type Death, type Result, SCHEMA_VERSION } from '../../results/schema.ts';
import { exitCodeOf } from '../../results/verdicts.ts';
import { isDefect } from '../defect.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../hosts/temporary-folder.ts';
import { LoadDriver } from '../load/load-process.ts';
import { probeEnvironment } from '../measure/environment.ts';
import { MachineWatch } from '../measure/machine-use.ts';
import { Recorder } from '../measure/recorder.ts';
import { CellLedger, withoutSamples } from '../rounds/cell-ledger.ts';
import { Cells } from '../rounds/cells.ts';
import { Interleaving, type Turn } from '../rounds/interleaving.ts';
import { measureToTheEnd, validityOf } from '../rounds/measuring-end.ts';
import { turnOrder } from '../rounds/turn-order.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import { keepLogs } from '../topology/keep-logs.ts';
import { environmentOf, inputsOf, limitsOf, matrixOf, rowsOf } from './matrix-result.ts';
import type { MatrixEnsemble, MatrixSuite } from './matrix-suite.ts';
import { labelOf, measureWindow } from './measure-window.ts';
import { RunningEnsemble } from './running-ensemble.ts';

export interface RunMatrixOptions {
  readonly suite: MatrixSuite;
  readonly seed: number;
  readonly commandLine: string;
  readonly runId: string;
  readonly startedAt: Date;
  /** Folder for the logs of the servers. */
  readonly logFolder: string;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

/** Names the rounds in progress messages and remarks. */
const EXPERIMENT = 'matrix';

/**
 * An interruption ends the run early: the complete starts count, and the result says so.
 * @throws EnsembleError when an ensemble of the first start does not serve, UsageError, and the signal's
 * reason before the first complete start; nothing is left running
 */
export async function runMatrix(options: RunMatrixOptions): Promise<Result> {
  const { suite, seed, events, signal } = options;
  const startedMs = performance.now();
  const topologies = rowsOf(suite);
  events.emit({
    kind: 'plan',
    version: EVENTS_VERSION,
    run: options.runId,
    suite: suite.name,
    seed,
    claims: [],
    topologies: topologies.map(({ name, shortForm }) => ({ name, shortForm })),
  });
  events.emit({ kind: 'phase', what: 'probing the machine' });
  const probed = await probeEnvironment();
  const watch = new MachineWatch();
  const recorder = new Recorder(events);
  const ledger = new CellLedger();
  const { budgetMs = Number.POSITIVE_INFINITY, recoverMaxMs, starts } = suite;
  const elapsedMs = () => performance.now() - startedMs;
  const plan = new Interleaving({ recorder, seed, budgetMs, elapsedMs, events, signal });
  const cells = new Cells({ ledger, recorder, events, signal, recoverMaxMs });
  const deaths: Death[] = [];
  const folder = makeTemporaryFolder('matrix');
  const driver = new LoadDriver();
  const run = { ...options, folder, driver, recorder, plan, cells, deaths };
  const end = await measureToTheEnd({
    ...{ plan, events, signal },
    measure: () =>
      plan.repeat(EXPERIMENT, { rounds: starts, roundsMin: suite.startsMin, share: 1 }, start =>
        measureStart(run, start),
      ),
    abortLoads: () => driver.abort(),
    async takeDown() {
      const use = watch.use(driver.worst, undefined);
      await driver.close();
      folder.remove();
      return use;
    },
  });
  const { machineUse } = end;
  const measured = recorder.measured();
  const environment = environmentOf(probed, suite);
  const unmeasured = [...ledger.unmeasured(), ...withoutSamples(measured.measurements)];
  const validity = validityOf(end, unmeasured);
  const evidence = { ...measured, topologies, environment, machineUse, deaths, suite: suite.reference };
  const matrix = matrixOf(suite, evidence);
  return {
    schemaVersion: SCHEMA_VERSION,
    run: {
      id: options.runId,
      name: suite.name,
      suite: suite.name,
      startedAt: options.startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      seed,
      commandLine: options.commandLine,
      exitCode: exitCodeOf({ claims: [], matrix, validity }),
    },
    environment,
    machineUse,
    inputs: inputsOf(suite),
    topologies,
    claims: [],
    matrix,
    ...measured,
    deaths,
    validity,
    limits: [...recorder.remarks, ...limitsOf(suite, environment, machineUse)],
  };
}

interface Run extends RunMatrixOptions {
  readonly folder: TemporaryFolder;
  readonly driver: LoadDriver;
  readonly recorder: Recorder;
  readonly plan: Interleaving;
  readonly cells: Cells;
  readonly deaths: Death[];
}

async function measureStart(run: Run, start: number): Promise<void> {
  const { suite, plan, seed } = run;
  const started: RunningEnsemble[] = [];
  try {
    for (const ensemble of turnOrder(suite.ensembles, start, seed)) {
      const each = await startOne(run, ensemble, start);
      if (each !== undefined) started.push(each);
    }
    const turns = started.flatMap(running => turnsOf(run, running, start));
    for (let round = 0; round < suite.rounds; round++) await plan.take(turns, start * suite.rounds + round);
  } finally {
    await Promise.all(started.map(running => stopOne(run, running, start)));
  }
}

/**
 * Undefined when the ensemble did not start or could not be loaded: its cells lose the rounds of this start.
 * @throws EnsembleError in the first start, where whoever wrote the suite wants to know at once
 */
async function startOne(run: Run, of: MatrixEnsemble, start: number): Promise<RunningEnsemble | undefined> {
  const { suite, folder, events, signal, driver, seed, cells } = run;
  const own = join(folder.path, fileNameOf(of, start));
  let running: RunningEnsemble | undefined;
  try {
    running = await RunningEnsemble.start(of, {
      folder: own,
      temporaryFolder: folder.path,
      events,
      signal,
    });
    events.emit({ kind: 'phase', what: `warming up ${of.label}, start ${start + 1} of ${suite.starts}` });
    await running.warmUp(driver, { seed, warmupMs: suite.warmupMs });
    return running;
  } catch (error) {
    if (running !== undefined) await stopOne(run, running, start);
    signal.throwIfAborted();
    if (isDefect(error) || (start === 0 && error instanceof EnsembleError)) throw error;
    const reason = `the ensemble did not start: ${(error as Error).message.split('\n')[0]}`;
    events.emit({ kind: 'note', text: `${of.label}: ${reason}` });
    for (const cell of of.cells) {
      const place = { experiment: EXPERIMENT, topology: cell.topology, condition: labelOf(cell) };
      for (let round = 0; round < suite.rounds; round++)
        cells.lose(place, start * suite.rounds + round, reason);
    }
    return undefined;
  }
}

async function stopOne(
  { deaths, logFolder, recorder, folder }: Run,
  running: RunningEnsemble,
  start: number,
): Promise<void> {
  await running.ensemble.stop();
  deaths.push(...running.deaths());
  const name = fileNameOf(running.of, start);
  // A full disk must not lose what was measured.
  await keepLogs(running.ensemble, logFolder, `${name}-`).catch((error: Error) => {
    recorder.remarks.push(`The logs of ${running.of.label} were not kept: ${error.message}`);
  });
  await rm(join(folder.path, name), { recursive: true, force: true });
}

function turnsOf(run: Run, running: RunningEnsemble, start: number): Turn[] {
  const { suite, cells } = run;
  const of = suite.starts * suite.rounds;
  return running.of.cells.map(cell => ({
    measure: round => {
      // A member that was started again would be cold and without a budget, so its ensemble is not mended.
      const place = { experiment: EXPERIMENT, stage: running, condition: labelOf(cell), isMended: false };
      return cells.measure({ ...place, round, of }, () =>
        measureWindow(running, cell, { round, start }, { ...run, ...suite }),
      );
    },
  }));
}

function fileNameOf({ label }: MatrixEnsemble, start: number): string {
  return `${label.replace(/[^\w.=-]+/g, '-')}-${start + 1}`;
}
