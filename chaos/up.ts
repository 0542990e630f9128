/** `zklab up TOPOLOGY`: runs an ensemble behind its mesh, to inspect and to break by hand, until Ctrl-C. */

import { makeTemporaryFolder } from '../bench/hosts/temporary-folder.ts';
import type { Terminal } from '../bench/terminal.ts';
import type { Ensemble } from '../bench/topology/ensemble.ts';
import type { MemberMode } from '../bench/topology/member.ts';
import { readTopology } from '../bench/topology/read-topology.ts';
import { EXIT_CODES, type ExitCode } from '../results/verdicts.ts';
import { startMeshedEnsemble } from './meshed-ensemble.ts';
import { describeUp, upText } from './up-text.ts';
import { waitMs } from './wait.ts';

export interface UpOptions {
  readonly json?: boolean;
  /** Ends it. For a person, the signals of the terminal do so. */
  readonly signal: AbortSignal;
}

const WATCH_INTERVAL_MS = 1_000;

/** @throws UsageError, EnsembleError */
export async function up(reference: string, terminal: Terminal, options: UpOptions): Promise<ExitCode> {
  const { json = false, signal } = options;
  const topology = readTopology(reference);
  const folder = makeTemporaryFolder('up');
  try {
    terminal.progress(`starting ${topology.shortForm} ...`);
    const meshed = await startMeshedEnsemble(topology, {
      folder: folder.path,
      temporaryFolder: folder.path,
      signal,
    });
    try {
      const description = await describeUp(meshed);
      if (json) terminal.json(description);
      else terminal.print(upText(description));
      await watch(meshed.ensemble, terminal, json, signal);
    } finally {
      terminal.progress('stopping ...');
      await meshed.stop();
    }
  } catch (error) {
    // Ctrl-C is the normal end, even before the ensemble is up.
    if (!signal.aborted) throw error;
  } finally {
    folder.remove();
  }
  return EXIT_CODES.holds;
}

/** Prints changes of roles, so that whoever breaks something sees the effect. */
async function watch(
  ensemble: Ensemble,
  terminal: Terminal,
  quiet: boolean,
  signal: AbortSignal,
): Promise<void> {
  let before = await ensemble.modes();
  while (!signal.aborted) {
    await waitMs(WATCH_INTERVAL_MS, signal);
    const now = await ensemble.modes();
    if (!quiet && !signal.aborted) for (const line of changes(before, now, new Date())) terminal.print(line);
    before = now;
  }
}

export function changes(
  before: ReadonlyMap<string, MemberMode>,
  now: ReadonlyMap<string, MemberMode>,
  at: Date,
): string[] {
  const time = at.toISOString().slice(11, 19);
  return [...now]
    .filter(([name, mode]) => before.get(name) !== mode)
    .map(([name, mode]) => `${time}  ${name}: ${before.get(name)} -> ${mode}`);
}
