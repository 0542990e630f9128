#!/usr/bin/env node
/**
 * The front door: it wires the commands of all folders, and says what an exit code means. `bench/commands.ts`
 * and `chaos/commands.ts` register their commands. Those that need `dashboards/` as well are registered here.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { type CommandContext, example, runs } from './bench/command-line.ts';
import { addBench, addCompare, addMicro } from './bench/commands.ts';
import { duration } from './bench/duration.ts';
import type { ComparisonViews } from './bench/present.ts';
import { outputColumns, terminal } from './bench/terminal.ts';
import { EnsembleError } from './bench/topology/ensemble-error.ts';
import { UsageError } from './bench/usage-error.ts';
import {
  addBisect,
  addChaos,
  addClaims,
  addDoctor,
  addFault,
  addFuzz,
  addHeal,
  addList,
  addPredict,
  addRecheck,
  addSchema,
  addSim,
  addUp,
} from './chaos/commands.ts';
import type { Result } from './results/schema.ts';
import { StoreError } from './results/store-error.ts';
import { EXIT_CODES } from './results/verdicts.ts';
import { SERVER_VERSION } from './server/version.ts';

const interruption = new AbortController();
/** Whether the command watches for the signal. One that does not is ended by the first. */
let isWatched = false;
const context: CommandContext = {
  out: terminal(),
  get signal() {
    isWatched = true;
    return interruption.signal;
  },
  views,
  comparisonViews,
};
/**
 * These report a failure of what the user asked for, not a defect of zklab. Their message is enough, without
 * a stack.
 */
const EXPECTED = [EnsembleError, AggregateError];
/** Their code is loaded by the commands that need it. */
const EXPECTED_NAMES = ['LoadError', 'ToxiproxyRequestError', 'UpError'];
const ENDED_AT_ONCE = 130;

/** In the order of the help. */
const COMMANDS: readonly ((program: Command, context: CommandContext) => void)[] = [
  addClaims,
  addUp,
  addFault,
  addHeal,
  addBench,
  addPredict,
  addChaos,
  addSim,
  addFuzz,
  addNight,
  addBisect,
  addMicro,
  addReport,
  addRecheck,
  addCompare,
  addDivergences,
  addList,
  addSchema,
  addDoctor,
];

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

async function comparisonViews(): Promise<ComparisonViews> {
  const [{ comparisonText }, { comparisonMarkdown }, { comparisonHtml }, { comparisonJunit }, terminal] =
    await Promise.all([
      import('./dashboards/compare/text.ts'),
      import('./dashboards/compare/markdown.ts'),
      import('./dashboards/compare/html.ts'),
      import('./dashboards/compare/junit.ts'),
      import('./dashboards/terminal/table.ts'),
    ]);
  return {
    text: (document, all) =>
      comparisonText(document, terminal.terminalLook(process.stdout, process.env), all),
    markdown: comparisonMarkdown,
    html: comparisonHtml,
    junit: comparisonJunit,
  };
}

async function nightViews() {
  const [{ chatLine }, { nightMarkdown }, { nightJunit }] = await Promise.all([
    import('./dashboards/night/lines.ts'),
    import('./dashboards/night/markdown.ts'),
    import('./dashboards/night/junit.ts'),
  ]);
  return { chat: chatLine, markdown: nightMarkdown, junit: nightJunit };
}

function addNight(program: Command): void {
  program
    .command('night')
    .description(
      'run claims, chaos and the simulation for a night; write one summary, and say what is new since the last night',
    )
    .addOption(
      new Option('--for <time>', 'time for the whole night')
        .argParser(duration(10_000, 7 * 86_400_000))
        .default(8 * 3_600_000, '8h'),
    )
    .option('--schedule <schedule>', 'the schedule that the chaos runs are drawn from', 'nightly')
    .option('--suite <suite>', 'the suite of the claims; under an hour, only --only runs them', 'quick')
    .option('--only <parts>', 'run only these parts, comma-separated: claims,chaos,sim')
    .option('--known <file>', 'a YAML file of known failures, which do not fail the night')
    .option('--json', 'print the summary as one document')
    .addHelpText(
      'after',
      `${example('zklab night --for 8h', 'zklab night --for 2h --only chaos,sim')}

The folder of the night has night.json, night.md, junit.xml and chat.txt, one line for a chat.
Exit codes: 0 nothing failed, except known failures; 1 something failed; 3 a part is void or was cut short.
chaos/nights/examples has a systemd timer and a workflow for GitHub Actions.`,
    )
    .action(
      runs(async (options: { for: number; schedule: string; suite: string }) => {
        const { night } = await import('./chaos/nights/night-command.ts');
        const { signal } = context;
        return night(context.out, await views(), await nightViews(), { ...options, signal });
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
        const { report, table } = await views();
        const run = await findRun(reference);
        const beside = run.endsWith('.json') ? run.replace(/json$/, 'html') : join(run, 'report.html');
        const file = out ?? beside;
        await writeFile(file, await report(result)).catch(unwritable(file));
        context.out.print(table(result));
        context.out.print(`report: ${file}`);
        return EXIT_CODES.holds;
      }),
    );
}

function addDivergences(program: Command): void {
  program
    .command('divergences')
    .description('list the claims on which two servers differ, from a run of each')
    .argument('<a>', 'a run of one server')
    .argument('<b>', 'a run of the other, with the same suite')
    .option('--html <file>', 'also write the list as one HTML file')
    .option('--json', 'print the list as one document')
    .addHelpText('after', example('zklab divergences 2026-08-01T02 latest --html apache.html'))
    .action(
      runs(async (a: string, b: string, options: { html?: string; json?: boolean }) => {
        const [{ loadRun }, { divergencesOf }, { divergencesText }, { divergencesHtml }] = await Promise.all([
          import('./results/store.ts'),
          import('./results/divergences.ts'),
          import('./dashboards/divergences/text.ts'),
          import('./dashboards/divergences/html.ts'),
        ]);
        const sides = { a: await loadRun(a), b: await loadRun(b) };
        const pair = { ...sides, divergences: divergencesOf(sides.a, sides.b) };
        if (options.html !== undefined)
          await writeFile(options.html, await divergencesHtml(pair)).catch(unwritable(options.html));
        if (options.json) context.out.json(pair.divergences);
        else context.out.print(divergencesText(pair, outputColumns()));
        return EXIT_CODES.holds;
      }),
    );
}

function unwritable(file: string): (error: Error) => never {
  return error => {
    throw new UsageError(`${file} cannot be written: ${error.message}`);
  };
}

/**
 * SIGHUP means that the terminal closes. Node.js does not preserve the effect of nohup, so it ends the lab
 * there too.
 */
function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interruption.signal.aborted || !isWatched) process.exit(ENDED_AT_ONCE);
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

function isExpected(error: unknown): boolean {
  return (
    EXPECTED.some(kind => error instanceof kind) ||
    (error instanceof Error && EXPECTED_NAMES.includes(error.name))
  );
}

/**
 * Whether the operating system refused: a full disk, a read-only folder, too many open files. The message
 * names the path.
 */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && ('syscall' in error || isSystemError(error.cause));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.holds : EXIT_CODES.usage;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const causes = error instanceof AggregateError ? error.errors.map(cause => `\n  ${cause}`).join('') : '';
  if (error instanceof UsageError || error instanceof StoreError) {
    context.out.error(`zklab: ${message}`);
    return EXIT_CODES.usage;
  }
  if (isExpected(error)) context.out.error(`zklab: ${message}${causes}`);
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
  130  a second Ctrl-C ended the command at once (the first one, for a command that starts nothing)`,
  )
  // Set before the commands are created, because they inherit it at that moment.
  .exitOverride()
  .showHelpAfterError('(--help shows what is accepted)');
for (const add of COMMANDS) add(program, context);
endOnSignals();
failUnlessAnswered();
try {
  await program.parseAsync();
} catch (error) {
  context.out.end();
  process.exitCode = exitCodeOf(error);
}
context.out.end();
