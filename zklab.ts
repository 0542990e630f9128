#!/usr/bin/env node
/**
 * The front door: every command of the lab, and nothing else. What a command does is in the folder it belongs to, and is
 * loaded when it is asked for. To add one: a function here that registers it, and its name in COMMANDS.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { outputColumns, terminal } from './bench/terminal.ts';
import { EnsembleError } from './bench/topology/ensemble-error.ts';
import { UsageError } from './bench/usage-error.ts';
import type { Result } from './results/schema.ts';
import { RUNS_ROOT, StoreError } from './results/store.ts';
import { EXIT_CODES, type ExitCode } from './results/verdicts.ts';

/** What a command works with besides its own arguments. */
interface Context {
  readonly out: ReturnType<typeof terminal>;
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP; the second ends the process at once. */
  readonly signal: AbortSignal;
}

const interruption = new AbortController();
const context: Context = { out: terminal(), signal: interruption.signal };
/** Failures of what was asked for, not of the lab: their message says all there is to say. */
const EXPECTED = [EnsembleError, AggregateError];
const INTERRUPTED_AGAIN = 130;

const COMMANDS: readonly ((program: Command) => void)[] = [
  addClaims,
  addUp,
  addBench,
  addSim,
  addFuzz,
  addMicro,
  addReport,
  addRecheck,
  addCompare,
  addDoctor,
];

function addClaims(program: Command): void {
  program
    .command('claims')
    .description('the main job: measure three topologies under faults, and say which scaling claims hold')
    .option('--suite <suite>', 'quick (under four minutes), full, or a .yaml file', 'quick')
    .option('--only <ids>', 'these claims alone, comma-separated: 004-2,003-3')
    .option('--server <server>', 'zklab, or apache (without faults of links)', 'zklab')
    .option('--rounds <n>', 'of every measurement, instead of the suite’s', wholeNumber(1, 1_000))
    .option('--seed <n>', 'of the workload and of the choices of faults', wholeNumber(0, 2 ** 31 - 1))
    .option('--json', 'the result document')
    .action(
      runs(async (options: { suite: string; server: string }) => {
        const { claims } = await import('./chaos/claims/claims-command.ts');
        return claims(context.out, await views(), { ...options, signal: context.signal });
      }),
    );
}

function addRecheck(program: Command): void {
  program
    .command('recheck')
    .description('judge a stored run again by the claims of today; the run stays as it is')
    .argument('[run]', 'an id, the start of one, a path, or latest', 'latest')
    .option('--json', 'the result document with its new verdicts')
    .action(
      runs(async (reference: string, options: { json?: boolean }) => {
        const { recheck } = await import('./chaos/claims/claims-command.ts');
        return recheck(context.out, await views(), reference, options);
      }),
    );
}

/** A result as people look at it. */
async function views() {
  const [{ renderReport }, { ledgerTable, terminalLook }] = await Promise.all([
    import('./dashboards/report/render.ts'),
    import('./dashboards/terminal/table.ts'),
  ]);
  return {
    report: renderReport,
    table: (result: Result) => ledgerTable(result, terminalLook(process.stdout, process.env)),
  };
}

function addUp(program: Command): void {
  program
    .command('up')
    .description(
      'start an ensemble behind its proxies; print how to connect and how to break it; Ctrl-C stops it',
    )
    .argument(
      '<topology...>',
      'voters, observers, masters; voters=3 observers=4 masters=on server=apache; or a .yaml file',
    )
    .option('--json', 'the description as one document')
    .action(
      runs(async (words: string[], { json }: { json?: boolean }) => {
        const { up } = await import('./chaos/up.ts');
        return up(words.join(' '), context.out, { json: json ?? false, signal: context.signal });
      }),
    );
}

function addBench(program: Command): void {
  const bench = program.command('bench').description('measure a healthy ensemble');
  comparing(
    bench,
    'peer',
    'our server and Apache ZooKeeper under the same load, in alternating rounds',
  ).action(
    runs(async (options: ComparingOptions) => {
      const { benchPeer } = await import('./bench/peer/peer.ts');
      return benchPeer(context.out, { ...options, json: options.json ?? false, signal: context.signal });
    }),
  );
  comparing(
    bench,
    'fairness',
    'how long a quiet client waits beside neighbours of every bad habit, on our server and on Apache ZooKeeper',
  ).action(
    runs(async (options: ComparingOptions) => {
      const { benchFairness } = await import('./bench/fairness/fairness.ts');
      return benchFairness(context.out, { ...options, json: options.json ?? false, signal: context.signal });
    }),
  );
  comparing(bench, 'http', 'AdminServer of ours and, where it is here, of Apache ZooKeeper, under HTTP load')
    .option('--connections <c>', 'of the load', wholeNumber(1, 1_000), 10)
    .action(
      runs(async (options: ComparingOptions & { connections: number }) => {
        const { benchHttp } = await import('./bench/peer/http.ts');
        return benchHttp(context.out, { ...options, json: options.json ?? false, signal: context.signal });
      }),
    );
}

interface ComparingOptions {
  rounds: number;
  seconds: number;
  json?: boolean;
}

function comparing(bench: Command, name: string, description: string): Command {
  return bench
    .command(name)
    .description(description)
    .option('--rounds <n>', 'rounds of each server; 10 or more to publish', wholeNumber(1, 1_000), 6)
    .option('--seconds <s>', 'of measurement in each phase of a round', wholeNumber(1, 3_600), 3)
    .option('--json', 'the result document');
}

function addSim(program: Command): void {
  program
    .command('sim')
    .description('whole ensembles in one process, in virtual time, each from one seed')
    .option('--seeds <n>', 'how many seeds', wholeNumber(1, 1_000_000))
    .option('--first <n>', 'the first of them', wholeNumber(0, 2 ** 32 - 1))
    .option('--seed <n>', 'this seed alone', wholeNumber(0, 2 ** 32 - 1))
    .option('--replay <plan>', 'a failure that was kept, from its .plan.json')
    .option('--voters <n>', 'of each ensemble', wholeNumber(1, 9))
    .option('--observers <n>', 'of each ensemble', wholeNumber(0, 20))
    .option('--no-minimise', 'keep failures as they were, with every fault')
    .option('--json', 'the summary as one document')
    .action(
      runs(async (options: object) => {
        const { sim } = await import('./chaos/simulation/sim-command.ts');
        return sim(context.out, { ...options, folder: join(RUNS_ROOT, 'sim'), signal: context.signal });
      }),
    );
}

function addFuzz(program: Command): void {
  program
    .command('fuzz')
    .description('broken messages on every port of an ensemble in virtual time, beside clients that behave')
    .option('--frames <n>', 'messages to send, about', wholeNumber(1, 1_000_000_000))
    .option('--first <n>', 'the first seed; each bout takes the next', wholeNumber(0, 2 ** 32 - 1))
    .option('--ports <kinds>', 'these alone, comma-separated: client, quorum, observerMaster, election')
    .option('--minutes <m>', 'on real processes, with kills between, for so long', wholeNumber(1, 10_000))
    .option('--replay <file>', 'a failure that was kept, from its .fuzz.json')
    .option('--json', 'the summary as one document')
    .action(
      runs(async (options: object) => {
        const { fuzzCommand } = await import('./chaos/fuzz/fuzz-command.ts');
        return fuzzCommand(context.out, {
          ...options,
          folder: join(RUNS_ROOT, 'fuzz'),
          signal: context.signal,
        });
      }),
    );
}

function addMicro(program: Command): void {
  program
    .command('micro')
    .description('codecs, frames, tree and log alone, in a warm loop')
    .argument('[filter]', 'only tasks whose name matches this pattern')
    .option('--time-ms <ms>', 'for each task', wholeNumber(1, 60_000))
    .option('--json', 'the rows as one document')
    .action(
      runs(async (filter: string | undefined, options: { timeMs?: number; json?: boolean }) => {
        const { micro } = await import('./bench/micro/micro-command.ts');
        return micro(filter, context.out, { ...options, signal: context.signal });
      }),
    );
}

function addReport(program: Command): void {
  program
    .command('report')
    .description('write the report of a run as one HTML file, and print its ledger')
    .argument('[run]', 'an id, the start of one, a path, or latest', 'latest')
    .option('--out <file>', 'instead of report.html in the folder of the run, or beside a .json')
    .option('--json', 'the result document, and no report')
    .action(
      runs(async (reference: string, { out, json }: { out?: string; json?: boolean }) => {
        const { findRun, loadRun } = await import('./results/store.ts');
        const result = await loadRun(reference);
        if (json) {
          context.out.json(result);
          return EXIT_CODES.holds;
        }
        const { renderReport } = await import('./dashboards/report/render.ts');
        const { ledgerTable, terminalLook } = await import('./dashboards/terminal/table.ts');
        const run = await findRun(reference);
        const beside = run.endsWith('.json') ? run.replace(/json$/, 'html') : join(run, 'report.html');
        const file = out ?? beside;
        await writeFile(file, await renderReport(result)).catch(unwritable(file));
        context.out.print(ledgerTable(result, terminalLook(process.stdout, process.env)));
        context.out.print(`report: ${file}`);
        return EXIT_CODES.holds;
      }),
    );
}

function addCompare(program: Command): void {
  program
    .command('compare')
    .description('two runs, row by row: better, worse, no difference shown, too few')
    .argument('<a>', 'the run to compare with')
    .argument('<b>', 'the run that is judged')
    .option(
      '--gate',
      `exit with ${EXIT_CODES.failed} when a row is worse, with ${EXIT_CODES.void} when none could be judged`,
    )
    .option('--html <file>', 'write the comparison as one HTML file too')
    .option('--json', 'the comparison as one document')
    .action(
      runs(async (a: string, b: string, options: { gate?: boolean; html?: string; json?: boolean }) => {
        const [{ loadRun }, { gateExitCode }, { compareRuns }, { comparisonText }, { renderComparison }] =
          await Promise.all([
            import('./results/store.ts'),
            import('./results/comparison.ts'),
            import('./bench/stats/compare-runs.ts'),
            import('./dashboards/compare/text.ts'),
            import('./dashboards/compare/html.ts'),
          ]);
        const comparison = compareRuns(await loadRun(a), await loadRun(b));
        if (options.html !== undefined)
          await writeFile(options.html, await renderComparison(comparison)).catch(unwritable(options.html));
        if (options.json) context.out.json(comparison);
        else context.out.print(comparisonText(comparison, outputColumns()));
        return options.gate ? gateExitCode(comparison) : EXIT_CODES.holds;
      }),
    );
}

function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what this machine offers, what for, and how to get what is missing')
    .option('--json', 'the findings as one document')
    .action(
      runs(async ({ json }: { json?: boolean }) => {
        const { doctor } = await import('./bench/doctor.ts');
        const { TOXIPROXY_CHECK } = await import('./chaos/toxiproxy/check.ts');
        return doctor(context.out, { json: json ?? false, more: [TOXIPROXY_CHECK] });
      }),
    );
}

function unwritable(file: string): (error: Error) => never {
  return error => {
    throw new UsageError(`${file} cannot be written: ${error.message}`);
  };
}

/** An action whose outcome is the exit code. */
function runs<A extends unknown[]>(action: (...args: A) => Promise<ExitCode>): (...args: A) => Promise<void> {
  return async (...args) => {
    process.exitCode = await action(...args);
  };
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is accepted.`);
  };
}

/** SIGHUP is a terminal that closes; Node.js does not keep what nohup asked for, so it ends the lab there too. */
function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interruption.signal.aborted) process.exit(INTERRUPTED_AGAIN);
      interruption.abort();
    });
  }
}

/** A full disk, a folder that may not be written, too many open files: the message names the call and the path. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.holds : EXIT_CODES.usage;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const causes = error instanceof AggregateError ? error.errors.map(cause => `\n  ${cause}`).join('') : '';
  if (error instanceof UsageError || error instanceof StoreError) {
    context.out.error(`zklab: ${message}`);
    return EXIT_CODES.usage;
  }
  if (EXPECTED.some(kind => error instanceof kind)) context.out.error(`zklab: ${message}${causes}`);
  else if (isSystemError(error)) context.out.error(`zklab: this machine refused: ${message}`);
  else context.out.error(`zklab: a defect of zklab itself:\n${stack}`);
  return EXIT_CODES.failed;
}

const program = new Command('zklab')
  .description('a benchmarking and chaos-testing lab for ZooKeeper ensembles')
  .addHelpText(
    'after',
    `\nExit codes: 0 nothing failed, 1 something failed, 2 usage, 3 void or cut short by Ctrl-C, 130 a second Ctrl-C.`,
  )
  // Before the commands: they inherit it when they are made.
  .exitOverride()
  .showHelpAfterError('(--help shows what is accepted)');
for (const add of COMMANDS) add(program);
endOnSignals();
// A reader such as head that has gone wants no more; what runs goes on to its own end.
process.stdout.on('error', () => {});
try {
  await program.parseAsync();
} catch (error) {
  context.out.end();
  process.exitCode = exitCodeOf(error);
}
context.out.end();
