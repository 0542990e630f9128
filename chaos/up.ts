/** `zklab up TOPOLOGY`: runs an ensemble behind its mesh, to inspect and to break by hand, until Ctrl-C. */

import { makeTemporaryFolder } from '../bench/hosts/temporary-folder.ts';
import { type RecordedRun, recordRun } from '../bench/recorded-run.ts';
import type { Terminal } from '../bench/terminal.ts';
import type { Ensemble } from '../bench/topology/ensemble.ts';
import type { MemberMode } from '../bench/topology/member.ts';
import { readTopology } from '../bench/topology/read-topology.ts';
import type { Topology } from '../bench/topology/topology.ts';
import { EXIT_CODES, type ExitCode } from '../results/verdicts.ts';
import { startMeshedEnsemble } from './meshed-ensemble.ts';
import { describeUp, upText } from './up-text.ts';
import { waitMs } from './wait.ts';

export interface UpOptions {
  readonly json?: boolean;
  /** Where the events of the run are kept. */
  readonly runsRoot: string;
  /** Ends it. For a person, the signals of the terminal do so. */
  readonly signal: AbortSignal;
}

const WATCH_INTERVAL_MS = 1_000;
/** Of the randomness of the stand-in for Toxiproxy. */
const SEED = 1;

/** @throws UsageError, EnsembleError */
export async function up(reference: string, terminal: Terminal, options: UpOptions): Promise<ExitCode> {
  const { json = false, runsRoot } = options;
  const topology = readTopology(reference);
  const record = { name: 'up', json, root: runsRoot, eventsAlone: true };
  return recordRun(terminal, record, run => upUntilEnded(topology, run, terminal, options));
}

async function upUntilEnded(
  topology: Topology,
  { plan, events }: RecordedRun,
  terminal: Terminal,
  { json = false, signal }: UpOptions,
): Promise<ExitCode> {
  const { name, shortForm } = topology;
  plan({ suite: 'up', seed: SEED, claims: [], topologies: [{ name, shortForm }] });
  const folder = makeTemporaryFolder('up');
  try {
    events.emit({ kind: 'phase', what: `starting ${shortForm}` });
    const meshed = await startMeshedEnsemble(topology, {
      folder: folder.path,
      temporaryFolder: folder.path,
      seed: SEED,
      onMember: event => events.emit({ kind: 'member', topology: name, ...event }),
      signal,
    });
    try {
      const description = await describeUp(meshed);
      if (json) terminal.json(description);
      else terminal.print(upText(description));
      await watchModes(meshed.ensemble, signal, change => {
        events.emit({ kind: 'mode', topology: name, ...change });
        if (!json) terminal.print(changeText(change, new Date()));
      });
    } finally {
      events.emit({ kind: 'phase', what: 'stopping' });
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

interface ModeChange {
  readonly member: string;
  readonly from: MemberMode;
  readonly to: MemberMode;
}

/** Reports changes of modes, so that whoever breaks something sees the effect. */
async function watchModes(
  ensemble: Ensemble,
  signal: AbortSignal,
  onChange: (change: ModeChange) => void,
): Promise<void> {
  let before = await ensemble.modes();
  while (!signal.aborted) {
    await waitMs(WATCH_INTERVAL_MS, signal);
    const now = await ensemble.modes();
    if (!signal.aborted) for (const change of changes(before, now)) onChange(change);
    before = now;
  }
}

function changes(
  before: ReadonlyMap<string, MemberMode>,
  now: ReadonlyMap<string, MemberMode>,
): ModeChange[] {
  return [...now].flatMap(([member, to]) => {
    const from = before.get(member) ?? 'down';
    return from === to ? [] : [{ member, from, to }];
  });
}

function changeText({ member, from, to }: ModeChange, at: Date): string {
  return `${at.toISOString().slice(11, 19)}  ${member}: ${from} -> ${to}`;
}
