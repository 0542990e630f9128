/** `zklab claims` and `zklab recheck`: from options to a run's folder, a table and an exit code. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CLAIMS, chooseClaims } from '../../bench/claims/index.ts';
import { rejudge } from '../../bench/claims/judge-all.ts';
import { cleanUpWithLab } from '../../bench/hosts/end-with-lab.ts';
import type { Terminal } from '../../bench/terminal.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { EventBus, EventLog } from '../../results/events.ts';
import type { Result } from '../../results/schema.ts';
import { createRun, loadRun, RUNS_ROOT } from '../../results/store.ts';
import { EXIT_CODES, type ExitCode, exitCodeOf } from '../../results/verdicts.ts';
import { SERVERS, type ServerKind } from './lab.ts';
import { progressOn } from './progress.ts';
import { runClaims } from './run-claims.ts';
import { readSuite, type Suite } from './suite.ts';

/** How a result becomes something to look at; dashboards/ stands above this folder. */
export interface Views {
  report(result: Result): Promise<string>;
  table(result: Result): string;
}

export interface ClaimsOptions {
  readonly suite: string;
  readonly only?: string;
  readonly server: string;
  readonly rounds?: number;
  readonly seed?: number;
  readonly json?: boolean;
  readonly signal: AbortSignal;
  /** @default RUNS_ROOT */
  readonly runsRoot?: string;
}

const SEED_BELOW = 2 ** 31;

/**
 * Interrupted: judges what was measured in whole rounds. @throws UsageError, EnsembleError; by then nothing
 * runs any more
 */
export async function claims(terminal: Terminal, views: Views, options: ClaimsOptions): Promise<ExitCode> {
  const { only, json = false, signal, runsRoot = RUNS_ROOT } = options;
  const chosen = chooseClaims(only);
  const suite = withRounds(readSuite(options.suite), options.rounds);
  const server = serverOf(options.server);
  const seed = options.seed ?? Math.floor(Math.random() * SEED_BELOW);
  const startedAt = new Date();
  const run = await createRun(suite.name, startedAt, runsRoot);
  // A folder without a result would be listed as a damaged run.
  const removeRun = () => rmSync(run.path, { recursive: true, force: true });
  const forgetRun = cleanUpWithLab(removeRun);
  let written = false;
  const log = new EventLog(run.path);
  const events = new EventBus([log.write, progressOn(terminal, process.stderr.isTTY === true && !json)]);
  try {
    const result = await runClaims({
      suite,
      claims: chosen,
      server,
      seed,
      commandLine: commandLineOf(options, seed),
      runId: run.id,
      startedAt,
      logFolder: join(run.path, 'logs'),
      events,
      signal,
    });
    await run.write(result);
    written = true;
    forgetRun();
    const report = await run.writeText('report.html', await views.report(result));
    if (json) terminal.json(result);
    else {
      terminal.print(views.table(result));
      terminal.print(`result: ${join(run.path, 'result.json')}\nreport: ${report}`);
    }
    return exitCodeOf(result);
  } catch (error) {
    forgetRun();
    if (written) throw error;
    removeRun();
    if (!signal.aborted) throw error;
    const end =
      'interrupted before the first round was whole: nothing was judged, and nothing is left running';
    if (json) terminal.progress(end);
    else terminal.print(end);
    return EXIT_CODES.void;
  } finally {
    log.close();
  }
}

/**
 * Judges a stored run again by the claims of today; the run itself is not changed. @throws UsageError,
 * StoreError
 */
export async function recheck(
  terminal: Terminal,
  views: Pick<Views, 'table'>,
  reference: string,
  { json = false }: { readonly json?: boolean },
): Promise<ExitCode> {
  const stored = await loadRun(reference);
  if (stored.claims.length === 0)
    throw new UsageError(
      `run ${stored.run.id} (${stored.run.suite}) has no claims to judge: runs of "zklab claims" have`,
    );
  const result = rejudge(CLAIMS, stored);
  if (json) terminal.json(result);
  else terminal.print(views.table(result));
  return exitCodeOf(result);
}

function withRounds(suite: Suite, rounds: number | undefined): Suite {
  if (rounds === undefined) return suite;
  const { sync, availability } = suite;
  return {
    ...suite,
    rounds,
    roundsMin: rounds,
    sync: { ...sync, rounds },
    availability: { ...availability, rounds: Math.min(availability.rounds, rounds) },
  };
}

function serverOf(name: string): ServerKind {
  const known = SERVERS.find(each => each === name);
  if (known === undefined) throw new UsageError(`server "${name}": accepted are ${SERVERS.join(', ')}`);
  return known;
}

/** What repeats this run. */
function commandLineOf({ suite, only, server, rounds }: ClaimsOptions, seed: number): string {
  return [
    `zklab claims --suite ${suite}`,
    ...(only === undefined ? [] : [`--only ${only}`]),
    `--server ${server}`,
    ...(rounds === undefined ? [] : [`--rounds ${rounds}`]),
    `--seed ${seed}`,
  ].join(' ');
}
