/**
 * `zklab fuzz`: broken messages to every port of an ensemble in virtual time, beside well-behaved clients.
 */
import { join } from 'node:path';
import { makeTemporaryFolder } from '../../bench/hosts/temporary-folder.ts';
import { type SeedOutcome, seedText } from '../../bench/progress.ts';
import { recordRun, unlessUnstored } from '../../bench/recorded-run.ts';
import { shellWord } from '../../bench/shell-word.ts';
import type { Terminal } from '../../bench/terminal.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { serverProgram } from '../simulation/members/server-program.ts';
import { BOUT_TOPOLOGY, type BoutResult, runBout } from './bout.ts';
import { PORT_KINDS, type PortKind } from './conversation.ts';
import { type FuzzSummary, fuzz } from './fuzz.ts';
import { KeptFailureError, keepLogs, readFailure } from './kept-failure.ts';
import { SOAK_TOPOLOGY, type SoakSummary, soak } from './soak.ts';

export interface FuzzCommandOptions {
  readonly frames?: number | undefined;
  readonly first?: number | undefined;
  /** Comma-separated. */
  readonly ports?: string | undefined;
  /**
   * Attacks real processes for so many minutes, with kills in between, instead of an ensemble in virtual
   * time.
   */
  readonly minutes?: number | undefined;
  /** Replays a kept failure instead of seeds. */
  readonly replay?: string | undefined;
  readonly json?: boolean;
  readonly folder: string;
  readonly signal: AbortSignal;
}

const FRAMES_DEFAULT = 1_000_000;
/** One request may cost 100 ms, and a busy machine may take as long again. */
const TURN_MS_MAX = 250;
const MINUTE_MS = 60_000;
const CALM_MS = 10_000;

/**
 * The exit code is 1 when a bout failed, 3 when none was run or Ctrl-C cut the run short. @throws
 * UsageError
 */
export async function fuzzCommand(terminal: Terminal, options: FuzzCommandOptions): Promise<ExitCode> {
  if (options.minutes !== undefined) return soaked(options.minutes, options, terminal);
  const { json = false, frames = FRAMES_DEFAULT, first = 1, folder, signal } = options;
  if (options.replay !== undefined) return replayed(options.replay, options, terminal);
  const ports = portsOf(options.ports);
  let unstored: string | undefined;
  const summary = await recordRun(
    terminal,
    { name: 'fuzz', json, root: folder, eventsAlone: true },
    async ({ plan, events, eventsProblem }) => {
      const topologies = [{ name: 'simulated', shortForm: BOUT_TOPOLOGY }];
      plan({ suite: 'fuzz', seed: first, claims: [], topologies });
      const ran = await fuzz({
        program: serverProgram(),
        ports,
        frames,
        first,
        folder,
        turnMsMax: TURN_MS_MAX,
        signal,
        onBout: (bout, done) =>
          events.emit({ kind: 'seed', ...{ ...outcomeOf(bout), done, of: frames, unit: 'frames' } }),
      });
      unstored = eventsProblem();
      return ran;
    },
  );
  if (json) terminal.json({ ...summary, endedEarly: signal.aborted });
  else {
    terminal.print(summaryText(summary));
    if (signal.aborted) terminal.print('the run ended early; only the frames that were sent count');
  }
  const code = exitCodeOf(summary.failed.length > 0, summary.bouts === 0 || signal.aborted);
  return unlessUnstored(terminal, unstored, code);
}

async function soaked(minutes: number, options: FuzzCommandOptions, terminal: Terminal): Promise<ExitCode> {
  refuseBeside(
    options,
    ['frames', 'ports', 'replay'],
    `--minutes ${minutes}: real processes are attacked on all ports`,
  );
  const { json = false, signal, first: seed = 1 } = options;
  const folder = makeTemporaryFolder('fuzz');
  try {
    return await recordRun(
      terminal,
      { name: 'soak', json, root: options.folder, eventsAlone: true },
      async run => {
        const kept = join(run.path, 'logs');
        try {
          run.plan({ suite: 'soak', seed, claims: [], topologies: [SOAK_TOPOLOGY] });
          const summary = await soak({
            seed,
            durationMs: minutes * MINUTE_MS,
            calmMs: CALM_MS,
            folder: folder.path,
            events: run.events,
            signal,
          });
          const failed = summary.complaints.length > 0;
          const logs = failed ? keepLogs(folder.path, kept) : [];
          if (json) terminal.json({ ...summary, logs, endedEarly: signal.aborted });
          else terminal.print([soakText(summary), ...logs.map(path => `  log: ${path}`)].join('\n'));
          return unlessUnstored(terminal, run.eventsProblem(), exitCodeOf(failed, signal.aborted));
        } catch (error) {
          for (const path of keepLogs(folder.path, kept)) terminal.progress(`log: ${path}`);
          throw error;
        }
      },
    );
  } finally {
    folder.remove();
  }
}

function exitCodeOf(isFailed: boolean, isShort: boolean): ExitCode {
  if (isFailed) return EXIT_CODES.failed;
  return isShort ? EXIT_CODES.void : EXIT_CODES.holds;
}

function soakText({ frames, calmSpells, kills, acknowledgedWrites, complaints }: SoakSummary): string {
  return [
    `${frames} frames were sent in ${calmSpells} calm spells, with ${kills} kills; ${acknowledgedWrites} writes were acknowledged`,
    ...(complaints.length === 0
      ? ['no leader was deposed in a calm spell, and no acknowledged write was lost']
      : complaints),
  ].join('\n');
}

function refuseBeside(
  options: FuzzCommandOptions,
  names: readonly ('frames' | 'first' | 'ports' | 'replay')[],
  why: string,
): void {
  const also = names.find(name => options[name] !== undefined);
  if (also !== undefined) throw new UsageError(`${why}; --${also} is accepted only without it`);
}

function portsOf(names: string | undefined): readonly PortKind[] {
  if (names === undefined) return PORT_KINDS;
  return names.split(',').map(name => {
    const port = PORT_KINDS.find(kind => kind === name);
    if (port === undefined) throw new UsageError(`--ports "${name}": accepted are ${PORT_KINDS.join(', ')}`);
    return port;
  });
}

function replayed(file: string, options: FuzzCommandOptions, terminal: Terminal): ExitCode {
  refuseBeside(options, ['frames', 'first', 'ports'], `--replay ${file}: the file says what is sent`);
  const bout = replayOrRefuse(file);
  if (options.json)
    terminal.json({ seed: bout.seed, complaints: bout.complaints, slowestTurns: bout.slowestTurns });
  else terminal.print([seedText(outcomeOf(bout)), ...bout.complaints.map(text => `  ${text}`)].join('\n'));
  return bout.complaints.length > 0 ? EXIT_CODES.failed : EXIT_CODES.holds;
}

function replayOrRefuse(file: string): BoutResult {
  try {
    const { seed, rounds } = readFailure(file);
    return runBout(seed, { program: serverProgram(), ports: PORT_KINDS, rounds });
  } catch (error) {
    if (error instanceof KeptFailureError) throw new UsageError(error.message);
    throw error;
  }
}

function outcomeOf({ seed, complaints, frames, slowestTurns: { read, write } }: BoutResult): SeedOutcome {
  const counts = { frames, 'turns at most for a read': read, 'turns at most for a write': write };
  return { seed, outcome: complaints.length === 0 ? 'passed' : 'failed', counts, reasons: [...complaints] };
}

function turnsText({ read, write }: BoutResult['slowestTurns']): string {
  return `at most ${read} turns for a read and ${write} for a write`;
}

function summaryText({ bouts, frames, answers, slowestTurns, longestTurn, failed }: FuzzSummary): string {
  return [
    `${bouts - failed.length} bouts passed, ${failed.length} failed`,
    `${frames} frames were sent to ${PORT_KINDS.length} kinds of port; quiet clients asked ${answers} questions and waited ${turnsText(slowestTurns)}`,
    `the longest turn took ${Math.round(longestTurn.ms)} ms of real time, in seed ${longestTurn.seed}`,
    ...failed.flatMap(({ seed, complaint, file }) => [
      `seed ${seed}: ${complaint}`,
      `  again: zklab fuzz --replay ${shellWord(file)}`,
    ]),
  ].join('\n');
}
