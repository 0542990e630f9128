/** `zklab claims` and `zklab recheck`: turn options into the folder of a run, a table and an exit code. */
import { join } from 'node:path';
import { CLAIMS, chooseClaims } from '../../bench/claims/index.ts';
import { rejudge } from '../../bench/claims/judging/judge-all.ts';
import { present, type Views } from '../../bench/present.ts';
import { recordRun } from '../../bench/recorded-run.ts';
import type { Terminal } from '../../bench/terminal.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { findRun, loadRun } from '../../results/store.ts';
import { EXIT_CODES, type ExitCode, exitCodeOf } from '../../results/verdicts.ts';
import { hasRecord } from '../workloads/records/kept-record.ts';
import { rejudgeRecord } from '../workloads/records/recheck.ts';
import { explained, explainText } from './explain.ts';
import { measuredBy } from './index.ts';
import { SERVERS, type ServerKind } from './lab.ts';
import { runClaims } from './run-claims.ts';
import { readSuite, withRounds } from './suites.ts';

export interface ClaimsOptions {
  readonly suite: string;
  readonly only?: string;
  readonly server: string;
  readonly rounds?: number;
  readonly seed?: number;
  /** Print the plan, and start nothing. */
  readonly explain?: boolean;
  readonly json?: boolean;
  readonly signal: AbortSignal;
  /** @default RUNS_ROOT */
  readonly runsRoot?: string;
}

const SEED_BELOW = 2 ** 31;

/**
 * When it is interrupted, it judges the rounds that were measured completely.
 * @throws UsageError, EnsembleError; nothing is left running
 */
export async function claims(terminal: Terminal, views: Views, options: ClaimsOptions): Promise<ExitCode> {
  const { only, json = false, signal, runsRoot } = options;
  const asked = chooseClaims(only);
  const read = readSuite(options.suite);
  const chosen = only === undefined ? measuredBy(read, asked) : asked;
  const suite = options.rounds === undefined ? read : withRounds(read, options.rounds);
  const server = serverOf(options.server);
  if (options.explain) {
    const plan = { suite, claims: chosen, server };
    if (json) terminal.json(explained(plan));
    else terminal.print(explainText(plan));
    return EXIT_CODES.holds;
  }
  const seed = options.seed ?? Math.floor(Math.random() * SEED_BELOW);
  const nothingJudged =
    'interrupted before the first round was complete: nothing was judged, and nothing is left running';
  return recordRun(terminal, { name: suite.name, json, root: runsRoot }, run =>
    present(run, { terminal, views, json, signal, nothingJudged }, () =>
      runClaims({
        suite,
        claims: chosen,
        areNamed: only !== undefined,
        server,
        seed,
        commandLine: commandLineOf(options, seed),
        runId: run.id,
        startedAt: run.startedAt,
        logFolder: join(run.path, 'logs'),
        events: run.events,
        signal,
      }),
    ),
  );
}

/**
 * Judges a stored run again with the current claims, and its history with the current checkers. The stored
 * run is not changed. @throws UsageError, StoreError
 */
export async function recheck(
  terminal: Terminal,
  views: Pick<Views, 'table'>,
  reference: string,
  { json = false, runsRoot }: { readonly json?: boolean; readonly runsRoot?: string },
): Promise<ExitCode> {
  const stored = await loadRun(reference, runsRoot);
  const folder = await findRun(reference, runsRoot);
  const isRecorded = hasRecord(folder);
  // Benchmarks have verdicts of their own, which nobody can give again.
  const hasClaims = stored.claims.some(({ id }) => CLAIMS.some(claim => claim.id === id));
  if (!hasClaims && !isRecorded)
    throw new UsageError(
      `run ${stored.run.id} (${stored.run.suite}) has nothing to judge; runs of "zklab claims" have claims, those of "zklab chaos" a history`,
    );
  const judged = hasClaims ? rejudge(CLAIMS, stored) : stored;
  const result = isRecorded ? await rejudgeRecord(folder, judged) : judged;
  if (json) terminal.json(result);
  else terminal.print(views.table(result));
  return exitCodeOf(result);
}

function serverOf(name: string): ServerKind {
  const known = SERVERS.find(each => each === name);
  if (known === undefined) throw new UsageError(`server "${name}": accepted are ${SERVERS.join(', ')}`);
  return known;
}

/** The command line that repeats this run. */
function commandLineOf({ suite, only, server, rounds }: ClaimsOptions, seed: number): string {
  return [
    `zklab claims --suite ${suite}`,
    ...(only === undefined ? [] : [`--only ${only}`]),
    `--server ${server}`,
    ...(rounds === undefined ? [] : [`--rounds ${rounds}`]),
    `--seed ${seed}`,
  ].join(' ');
}
