#!/usr/bin/env node
/**
 * The front door registers every command of the lab and does nothing else. The code of a command is in the
 * folder it belongs to and is loaded when somebody runs it. To add one, write a function here that registers
 * it with an example, and put its name into COMMANDS.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { outputColumns, terminal } from './bench/terminal.ts';
import { EnsembleError } from './bench/topology/ensemble-error.ts';
import { UsageError } from './bench/usage-error.ts';
import type { Result } from './results/schema.ts';
import { RUNS_ROOT, StoreError } from './results/store.ts';
import { EXIT_CODES, type ExitCode } from './results/verdicts.ts';
import { SERVER_VERSION } from './server/version.ts';

/** What every command needs besides its own arguments. */
interface Context {
  readonly out: ReturnType<typeof terminal>;
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP; the second ends the process at once. */
  readonly signal: AbortSignal;
}

const interruption = new AbortController();
const context: Context = { out: terminal(), signal: interruption.signal };
/**
 * These report a failure of what the user asked for, not a defect of zklab. Their message is enough, without
 * a stack.
 */
const EXPECTED = [EnsembleError, AggregateError];
const INTERRUPTED_AGAIN = 130;

const COMMANDS: readonly ((program: Command) => void)[] = [
  addClaims,
  addUp,
  addBench,
  addChaos,
  addSim,
  addFuzz,
  addMicro,
  addReport,
  addRecheck,
  addCompare,
  addList,
  addDoctor,
];

/** The last part of a command's help. */
function example(...lines: string[]): string {
  return `\nExample:\n${lines.map(line => `  ${line}`).join('\n')}`;
}

function addClaims(program: Command): void {
  program
    .command('claims')
    .description('measure three topologies, healthy and under faults, and judge each scaling claim')
    .option('--suite <suite>', 'a name that "zklab list suites" shows, or a .yaml file', 'quick')
    .option('--only <ids>', 'judge only these claims, comma-separated: 004-2,003-3')
    .option(
      '--server <server>',
      'the server to measure: zklab, or apache (then without faults of links)',
      'zklab',
    )
    .option('--rounds <n>', 'number of rounds; overrides the suite', wholeNumber(1, 1_000))
    .option(
      '--seed <n>',
      'seed of the workload and of the order of measurements',
      wholeNumber(0, 2 ** 31 - 1),
    )
    .option('--json', 'print the result document')
    .addHelpText(
      'after',
      example('zklab claims --suite quick', 'zklab claims --only 004-2,003-3 --rounds 10'),
    )
    .action(
      runs(async (options: { suite: string; server: string }) => {
        const { claims } = await import('./chaos/experiments/claims-command.ts');
        return claims(context.out, await views(), { ...options, signal: context.signal });
      }),
    );
}

function addRecheck(program: Command): void {
  program
    .command('recheck')
    .description('judge a stored run again by the current claims, without changing the run')
    .argument('[run]', 'the name of a run, the start of one, a path, or latest', 'latest')
    .option('--json', 'print the result document with its new verdicts')
    .addHelpText('after', example('zklab recheck latest'))
    .action(
      runs(async (reference: string, options: { json?: boolean }) => {
        const { recheck } = await import('./chaos/experiments/claims-command.ts');
        return recheck(context.out, await views(), reference, options);
      }),
    );
}

/** Renders a result for people. */
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
      'start an ensemble behind proxies; print how to connect and how to break it; Ctrl-C stops it',
    )
    .argument(
      '<topology...>',
      'voters, observers, masters; voters=3 observers=4 masters=on server=apache; or a .yaml file',
    )
    .option('--json', 'print the description as one document')
    .addHelpText('after', example('zklab up observers', 'zklab up voters=5 observers=8 masters=on'))
    .action(
      runs(async (words: string[], { json }: { json?: boolean }) => {
        const { up } = await import('./chaos/up.ts');
        return up(words.join(' '), context.out, {
          json: json ?? false,
          runsRoot: join(RUNS_ROOT, 'up'),
          signal: context.signal,
        });
      }),
    );
}

function addBench(program: Command): void {
  const bench = program.command('bench').description('measure a healthy ensemble');
  comparing(
    bench,
    'peer',
    "measure zklab's server and Apache ZooKeeper under the same load, in alternating rounds",
    'zklab bench peer --rounds 10',
  ).action(
    runs(async (options: ComparingOptions) => {
      const { benchPeer } = await import('./bench/peer/peer.ts');
      return benchPeer(context.out, { ...options, json: options.json ?? false, signal: context.signal });
    }),
  );
  comparing(
    bench,
    'fairness',
    'measure how long a quiet client waits next to each of ten kinds of greedy neighbours, on both servers',
    'zklab bench fairness --rounds 3 --seconds 2',
  ).action(
    runs(async (options: ComparingOptions) => {
      const { benchFairness } = await import('./bench/fairness/fairness.ts');
      return benchFairness(context.out, { ...options, json: options.json ?? false, signal: context.signal });
    }),
  );
  comparing(
    bench,
    'http',
    'measure the AdminServer of zklab, and of Apache ZooKeeper if it is installed, under HTTP load',
    'zklab bench http --connections 50',
  )
    .option('--connections <c>', 'number of HTTP connections', wholeNumber(1, 1_000), 10)
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

function comparing(bench: Command, name: string, description: string, sample: string): Command {
  return bench
    .command(name)
    .description(description)
    .option(
      '--rounds <n>',
      'rounds of each server; at least 10 for a result to publish',
      wholeNumber(1, 1_000),
      6,
    )
    .option('--seconds <s>', 'length of each phase of a round, in seconds', wholeNumber(1, 3_600), 3)
    .option('--json', 'print the result document')
    .addHelpText('after', example(sample));
}

function addChaos(program: Command): void {
  program
    .command('chaos')
    .description(
      'run a schedule of faults against an ensemble under a workload; prove each fault, and judge what clients saw',
    )
    .argument('<schedule>', 'a name that "zklab list schedules" shows, or a .yaml file')
    .option('--topology <topology>', "as zklab up takes it, instead of the schedule's")
    .option(
      '--seed <n>',
      'seed of the workload and of the members that faults choose',
      wholeNumber(0, 2 ** 31 - 1),
    )
    .option('--json', 'print the result document')
    .addHelpText(
      'after',
      example('zklab chaos smoke', 'zklab chaos smoke --topology "voters=5 observers=2 masters=on"'),
    )
    .action(
      runs(async (schedule: string, options: { topology?: string; seed?: number; json?: boolean }) => {
        const { chaos } = await import('./chaos/schedules/chaos-command.ts');
        return chaos(context.out, await views(), schedule, { ...options, signal: context.signal });
      }),
    );
}

function addSim(program: Command): void {
  program
    .command('sim')
    .description(
      'simulate whole ensembles in virtual time, with crashes, power losses and partitions from a seed',
    )
    .option('--seeds <n>', 'number of seeds to run (default: 20)', wholeNumber(1, 1_000_000))
    .option('--first <n>', 'first seed (default: 1)', wholeNumber(0, 2 ** 32 - 1))
    .option('--seed <n>', 'run only this seed', wholeNumber(0, 2 ** 32 - 1))
    .option('--replay <plan>', 'run a failed seed again, from its .plan.json')
    .option('--debug', 'with --replay: also write the debug lines of the servers to the trace')
    .option('--voters <n>', 'number of voters of each ensemble', wholeNumber(1, 9))
    .option('--observers <n>', 'number of observers of each ensemble', wholeNumber(0, 20))
    .option('--no-minimise', 'keep all faults of a failing plan, instead of the fewest that still fail')
    .option('--json', 'print the summary as one document')
    .addHelpText(
      'after',
      example('zklab sim --seeds 200', 'zklab sim --replay results/runs/sim/seed-80.plan.json --debug'),
    )
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
    .description(
      'send broken messages to every port of an ensemble, while well-behaved clients must notice nothing',
    )
    .option(
      '--frames <n>',
      'approximate number of messages to send (default: 1000000)',
      wholeNumber(1, 1_000_000_000),
    )
    .option('--first <n>', 'first seed; each bout takes the next', wholeNumber(0, 2 ** 32 - 1))
    .option(
      '--ports <kinds>',
      'attack only these ports, comma-separated: client, quorum, observerMaster, election',
    )
    .option(
      '--minutes <m>',
      'attack real processes for this many minutes, and kill members meanwhile',
      wholeNumber(1, 10_000),
    )
    .option('--replay <file>', 'run a failed bout again, from its .fuzz.json')
    .option('--json', 'print the summary as one document')
    .addHelpText('after', example('zklab fuzz --frames 200000', 'zklab fuzz --ports election --minutes 30'))
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
    .description('measure codecs, frames, tree and log in a warm loop, in operations per second')
    .argument('[filter]', 'run only the tasks whose name matches this pattern')
    .option('--time-ms <ms>', 'how long each task runs, in milliseconds', wholeNumber(1, 60_000))
    .option('--json', 'print the rows as one document')
    .addHelpText('after', example('zklab micro jute --time-ms 500'))
    .action(
      runs(async (filter: string | undefined, options: { timeMs?: number; json?: boolean }) => {
        const { micro } = await import('./bench/micro/micro-command.ts');
        return micro(filter, context.out, {
          ...options,
          folder: join(RUNS_ROOT, 'micro'),
          signal: context.signal,
        });
      }),
    );
}

function addReport(program: Command): void {
  program
    .command('report')
    .description('write the report of a run as one HTML file, and print its ledger')
    .argument('[run]', 'the name of a run, the start of one, a path, or latest', 'latest')
    .option('--out <file>', 'write to this file instead of report.html in the folder of the run')
    .option('--json', 'print the result document and write no report')
    .addHelpText('after', example('zklab report latest', 'zklab report 2026-08-01T02 --out night.html'))
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
    .description('compare two runs row by row: better, worse, no difference shown, too few samples')
    .argument('<a>', 'the run to compare with')
    .argument('<b>', 'the run to judge')
    .option(
      '--gate',
      `exit with ${EXIT_CODES.failed} if a row is worse, with ${EXIT_CODES.void} if none could be judged`,
    )
    .option('--html <file>', 'also write the comparison as one HTML file')
    .option('--json', 'print the comparison as one document')
    .addHelpText('after', example('zklab compare 2026-08-01T02 latest --gate'))
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
    .description('say what this machine offers, what it is for, and how to install what is missing')
    .option('--json', 'print the findings as one document')
    .addHelpText('after', example('zklab doctor'))
    .action(
      runs(async ({ json }: { json?: boolean }) => {
        const { doctor } = await import('./bench/doctor.ts');
        const { TOXIPROXY_CHECK } = await import('./chaos/toxiproxy/check.ts');
        return doctor(context.out, { json: json ?? false, more: [TOXIPROXY_CHECK] });
      }),
    );
}

function addList(program: Command): void {
  program
    .command('list')
    .description(
      'list claims, suites, topologies, faults, workloads, checkers and schedules, with one line each',
    )
    .argument('[kind]', 'list only this kind')
    .option('--json', 'print the lists as one document')
    .addHelpText('after', example('zklab list', 'zklab list claims'))
    .action(
      runs(async (kind: string | undefined, { json }: { json?: boolean }) => {
        const { list } = await import('./chaos/list.ts');
        return list(kind, context.out, { json: json ?? false, columns: outputColumns() });
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

/**
 * SIGHUP means that the terminal closes. Node.js does not preserve the effect of nohup, so it ends the lab
 * there too.
 */
function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interruption.signal.aborted) process.exit(INTERRUPTED_AGAIN);
      interruption.abort();
    });
  }
}

/**
 * An answer that could not be written is a failure: the disk behind standard output is full, or its reader
 * has gone. The command itself runs to its end.
 */
function failUnlessAnswered(): void {
  let problem: Error | undefined;
  process.stdout.on('error', (error: Error) => {
    if (problem === undefined) context.out.error(`zklab: the answer could not be written: ${error.message}`);
    problem ??= error;
  });
  process.stderr.on('error', () => {});
  process.on('exit', code => {
    if (problem !== undefined && (code === EXIT_CODES.holds || code === EXIT_CODES.void))
      process.exitCode = EXIT_CODES.failed;
  });
}

/**
 * Whether the operating system refused: a full disk, a read-only folder, too many open files. The message
 * names the path.
 */
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
  else if (isSystemError(error))
    context.out.error(`zklab: the operating system reported an error: ${message}`);
  else context.out.error(`zklab: this is a defect of zklab:\n${stack}`);
  return EXIT_CODES.failed;
}

/**
 * The versions of the lab and of its server. The latter starts with the number of the Apache release it
 * follows.
 */
function versionText(): string {
  const packageJson = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(packageJson) as { version: string };
  return `zklab ${version}, server ${SERVER_VERSION}`;
}

const program = new Command('zklab')
  .description('a benchmarking and chaos-testing lab for ZooKeeper ensembles')
  .version(versionText(), '--version', 'print the versions of zklab and of its server')
  .addHelpText(
    'after',
    `${example('zklab claims --suite quick', 'zklab up observers', 'zklab list')}

Exit codes:
  0    nothing failed, except known failures
  1    something failed
  2    the command line or an input file is wrong, or a folder cannot be written
  3    the run or a claim is void, or Ctrl-C cut the run short
  130  a second Ctrl-C ended the run at once`,
  )
  // Set before the commands are created, because they inherit it then.
  .exitOverride()
  .showHelpAfterError('(--help shows what is accepted)');
for (const add of COMMANDS) add(program);
endOnSignals();
failUnlessAnswered();
try {
  await program.parseAsync();
} catch (error) {
  context.out.end();
  process.exitCode = exitCodeOf(error);
}
context.out.end();
