/** `zklab bench SUITE`: turns options into the folder of a run, a table and an exit code. */
import { join } from 'node:path';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { apacheHint, findApacheZooKeeper } from '../hosts/apache-zookeeper.ts';
import { LOCAL_HOST } from '../hosts/local-host.ts';
import { present, type Views } from '../present.ts';
import { recordRun } from '../recorded-run.ts';
import type { Terminal } from '../terminal.ts';
import { isApache, releaseOf } from '../topology/implementation.ts';
import { UsageError } from '../usage-error.ts';
import { explained, explainText } from './explain.ts';
import {
  type MatrixSuite,
  matrixNames,
  onlyTagged,
  readMatrix,
  suiteNames,
  withStarts,
} from './matrix-suite.ts';
import { runMatrix } from './run-matrix.ts';

export interface MatrixOptions {
  /** Tags, comma-separated. */
  readonly only?: string;
  readonly starts?: number;
  readonly seed?: number;
  readonly explain?: boolean;
  readonly json?: boolean;
  readonly signal: AbortSignal;
  /** Other commands of `bench`, for whoever mistyped one of them. */
  readonly commands: readonly string[];
  /** @default RUNS_ROOT */
  readonly runsRoot?: string;
}

const SEED_BELOW = 2 ** 31;

/**
 * When it is interrupted, the complete starts count.
 * @throws UsageError, EnsembleError; nothing is left running
 */
export async function benchMatrix(
  terminal: Terminal,
  views: Views,
  reference: string,
  options: MatrixOptions,
): Promise<ExitCode> {
  const { json = false, signal, runsRoot } = options;
  const suite = chosen(reference, options);
  if (options.explain) {
    if (json) terminal.json(explained(suite));
    else terminal.print(explainText(suite));
    return EXIT_CODES.holds;
  }
  refuseUnavailable(suite);
  const seed = options.seed ?? Math.floor(Math.random() * SEED_BELOW);
  const nothingJudged =
    'interrupted before the first start was complete: nothing was measured, and nothing is left running';
  return recordRun(terminal, { name: suite.name, json, root: runsRoot }, run =>
    present(run, { terminal, views, json, signal, nothingJudged }, () =>
      runMatrix({
        suite,
        seed,
        commandLine: commandLineOf(reference, options, seed),
        runId: run.id,
        startedAt: run.startedAt,
        logFolder: join(run.path, 'logs'),
        events: run.events,
        signal,
      }),
    ),
  );
}

/** @throws UsageError */
function chosen(reference: string, { only, starts, commands }: MatrixOptions): MatrixSuite {
  const names = matrixNames();
  if (!/\.ya?ml$/.test(reference) && !suiteNames().includes(reference))
    throw new UsageError(
      `bench "${reference}": accepted are the suites ${names.join(', ')}, a .yaml file, and the commands ${commands.join(', ')}`,
    );
  const read = readMatrix(reference);
  const suite = only === undefined ? read : onlyTagged(read, tagsOf(only));
  return starts === undefined ? suite : withStarts(suite, starts);
}

function tagsOf(only: string): string[] {
  return only.split(',').map(word => word.trim());
}

/** @throws UsageError for a server or a budget that this machine does not have */
function refuseUnavailable({ ensembles, reference }: MatrixSuite): void {
  const servers = ensembles.flatMap(({ topology }) => topology.members.map(each => each.implementation));
  for (const release of new Set(servers.filter(isApache).map(releaseOf)))
    if (findApacheZooKeeper(release) === undefined)
      throw new UsageError(
        `suite ${reference} measures Apache ZooKeeper${release === undefined ? '' : ` ${release}`}, which was not found on this machine; to get it: ${apacheHint(release)}`,
      );
  const problem = LOCAL_HOST.noBudget();
  if (problem !== undefined && ensembles.some(({ budget }) => budget !== undefined))
    throw new UsageError(
      `suite ${reference} has a condition with a budget: ${problem}; leave the budget out`,
    );
}

/** The command line that repeats this run. */
function commandLineOf(reference: string, { only, starts }: MatrixOptions, seed: number): string {
  return [
    `zklab bench ${reference}`,
    ...(only === undefined ? [] : [`--only ${tagsOf(only).join(',')}`]),
    ...(starts === undefined ? [] : [`--starts ${starts}`]),
    `--seed ${seed}`,
  ].join(' ');
}
