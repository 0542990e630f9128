/** `zklab up TOPOLOGY`: runs an ensemble behind its mesh, to inspect and to break by hand, until Ctrl-C. */

import { makeTemporaryFolder } from '../bench/hosts/temporary-folder.ts';
import { type RecordedRun, recordRun, unlessUnstored } from '../bench/recorded-run.ts';
import type { Terminal } from '../bench/terminal.ts';
import { Ensemble, type EnsembleOptions } from '../bench/topology/ensemble.ts';
import { planEnsemble } from '../bench/topology/plan.ts';
import { readTopology } from '../bench/topology/read-topology.ts';
import { hasLimitedLinks, type Topology } from '../bench/topology/topology.ts';
import { EXIT_CODES, type ExitCode } from '../results/verdicts.ts';
import { serveFaults } from './by-hand/fault-command.ts';
import { FaultDesk } from './by-hand/fault-desk.ts';
import { startMeshedEnsemble } from './meshed-ensemble.ts';
import { describeUp, type UpEnsemble } from './up-description.ts';
import { upText } from './up-text.ts';
import { type ModeChange, restartEnded, watchUp } from './up-watch.ts';

export interface UpOptions {
  readonly json?: boolean;
  /** Where the events of the run are kept. */
  readonly runsRoot: string;
  /** Ends it. For a person, the signals of the terminal do so. */
  readonly signal: AbortSignal;
}

/** Node.js itself takes SIGUSR1. */
const RESTART_SIGNAL = 'SIGUSR2';
/** Of the randomness of the stand-in for Toxiproxy. */
const SEED = 1;

/**
 * The exit code is 1 when the proxies were lost, 3 when it was ended before the ensemble was up.
 * @throws UsageError, EnsembleError
 */
export async function up(reference: string, terminal: Terminal, options: UpOptions): Promise<ExitCode> {
  const { json = false, runsRoot } = options;
  const topology = readTopology(reference);
  const record = { name: 'up', json, root: runsRoot, eventsAlone: true };
  return recordRun(terminal, record, run => upUntilEnded(topology, run, terminal, options));
}

async function upUntilEnded(
  topology: Topology,
  { plan, events, eventsProblem }: RecordedRun,
  terminal: Terminal,
  { json = false, signal }: UpOptions,
): Promise<ExitCode> {
  const { name, shortForm } = topology;
  plan({ suite: 'up', seed: SEED, claims: [], topologies: [{ name, shortForm }] });
  const folder = makeTemporaryFolder('up');
  let isUp = false;
  let code: ExitCode = EXIT_CODES.holds;
  try {
    events.emit({ kind: 'phase', what: `starting ${shortForm}` });
    const running = await start(topology, folder.path, {
      temporaryFolder: folder.path,
      onMember: event => events.emit({ kind: 'member', topology: name, ...event }),
      signal,
    });
    try {
      const description = await describeUp(running);
      // A note is a line of progress, which a terminal cuts.
      const say = (text: string) =>
        json ? events.emit({ kind: 'note', text }) : terminal.print(`${timeText(new Date())}  ${text}`);
      const again = () => void restartEnded(running.ensemble).then(did => did.forEach(say));
      // Before its process id is told: without a handler the signal would end the lab.
      process.on(RESTART_SIGNAL, again);
      const desk = new FaultDesk(running, events, say);
      const control = await serveFaults(desk);
      if (json) terminal.json(description);
      else terminal.print(upText(description));
      isUp = true;
      const watcher = {
        changed(change: ModeChange) {
          events.emit({ kind: 'mode', topology: name, ...change });
          if (!json) terminal.print(changeText(change, new Date()));
        },
        noted: say,
      };
      const described = new Map(description.members.map(({ name, mode }) => [name, mode]));
      const lost = await watchUp(running, described, watcher, signal).finally(() => {
        process.off(RESTART_SIGNAL, again);
        control.close();
        desk.close();
      });
      if (lost !== undefined) code = EXIT_CODES.failed;
    } finally {
      events.emit({ kind: 'phase', what: 'stopping' });
      await running.stop();
    }
  } catch (error) {
    // Ctrl-C is the normal end once the ensemble is up.
    if (!signal.aborted) throw error;
  } finally {
    folder.remove();
  }
  return unlessUnstored(terminal, eventsProblem(), isUp ? code : EXIT_CODES.void);
}

/** Where links are limited, members have networks of their own, from which they reach no proxy. */
async function start(topology: Topology, folder: string, options: EnsembleOptions): Promise<UpEnsemble> {
  if (!hasLimitedLinks(topology)) return startMeshedEnsemble(topology, { ...options, folder, seed: SEED });
  const ensemble = await Ensemble.start(await planEnsemble(topology, folder), options);
  return { ensemble, stop: () => ensemble.stop() };
}

function changeText({ member, from, to }: ModeChange, at: Date): string {
  return `${timeText(at)}  ${member}: ${from} -> ${to}`;
}

function timeText(at: Date): string {
  return at.toISOString().slice(11, 19);
}
