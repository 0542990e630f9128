/**
 * Registers the commands of this folder. The code of a command is loaded when somebody runs it. To add one,
 * write a function here that registers it with an example, and put its name into COMMANDS of `zklab.ts`.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { RUNS_ROOT } from '../results/runs-root.ts';
import type { AbOptions } from './ab/ab.ts';
import { type CommandContext, example, runs, wholeNumber } from './command-line.ts';
import type { CompareOptions } from './compare/compare-command.ts';
import { duration } from './duration.ts';

export function addBench(program: Command, context: CommandContext): void {
  const bench = program
    .command('bench')
    .description('measure healthy ensembles: the matrix of a suite, or one of the commands below')
    .usage('<suite | command> [options]')
    .addHelpText(
      'after',
      example('zklab bench payload-sizes', 'zklab bench load voters --workload config-reads'),
    );
  addMatrix(bench, context);
  addLoad(bench, context);
  addKnee(bench, context);
  addRecord(bench, context);
  comparing(
    bench,
    'peer',
    "measure zklab's server and Apache ZooKeeper under the same load, in alternating rounds",
    ['zklab bench peer --rounds 10'],
  ).action(
    runs(async (options: ComparingOptions) => {
      const { benchPeer } = await import('./peer/peer.ts');
      return benchPeer(context.out, { ...options, json: options.json ?? false, signal: context.signal });
    }),
  );
  comparing(
    bench,
    'ab',
    'measure two servers, builds, git revisions or settings under the same load, in alternating rounds',
    [
      'zklab bench ab --a HEAD~1 --rounds 20',
      'zklab bench ab --a zklab --b zklab --b-set snapCount=1000',
      'zklab bench ab --a zklab --b-tls --rounds 20',
    ],
    ROUNDS_OF_STARTS,
  )
    .requiredOption(
      '--a <server>',
      'what to compare with: zklab, apache, apache@3.9.5, a git revision, a folder with a build, or "command {cfg}"',
    )
    .option('--b <server>', 'the server that is compared with a, in the same form', 'zklab')
    .option('--a-set <key=value>', 'a zoo.cfg key of every member of a; may be repeated', collected, NONE)
    .option('--b-set <key=value>', 'a zoo.cfg key of every member of b; may be repeated', collected, NONE)
    .option('--a-tls', 'members of a speak TLS to each other; openssl makes the certificate')
    .option('--b-tls', 'members of b speak TLS to each other')
    .option('--topology <topology>', 'as zklab up takes it, the same for both', 'voters=3')
    .option(
      '--margin <percent>',
      'a ratio is called no difference if its whole interval is this near to 1',
      wholeNumber(1, 100),
      3,
    )
    .action(
      runs(async (options: ComparingOptions & Omit<AbOptions, keyof ComparingOptions | 'signal'>) => {
        const { benchAb } = await import('./ab/ab.ts');
        return benchAb(context.out, { ...options, json: options.json ?? false, signal: context.signal });
      }),
    );
  comparing(
    bench,
    'fairness',
    "measure how long a quiet client waits next to each of ten kinds of greedy neighbours, on both servers, and judge the servers' own share",
    ['zklab bench fairness --rounds 3 --only largeWrites,storm'],
  )
    .option('--only <names>', 'measure only these neighbours, comma-separated; an unknown name lists all')
    .option('--next-door', 'measure each neighbour at another ensemble as well, on the same cores and disk')
    .action(
      runs(async (options: ComparingOptions & { only?: string; nextDoor?: boolean }) => {
        const { benchFairness } = await import('./fairness/fairness.ts');
        return benchFairness(context.out, {
          ...options,
          json: options.json ?? false,
          signal: context.signal,
        });
      }),
    );
  addCosts(bench, context);
  addDriver(bench, context);
  comparing(
    bench,
    'http',
    'measure the AdminServer of zklab, and of Apache ZooKeeper if it is installed, under HTTP load',
    ['zklab bench http --connections 50'],
  )
    .option('--connections <c>', 'number of HTTP connections', wholeNumber(1, 1_000), 10)
    .action(
      runs(async (options: ComparingOptions & { connections: number }) => {
        const { benchHttp } = await import('./peer/http.ts');
        return benchHttp(context.out, { ...options, json: options.json ?? false, signal: context.signal });
      }),
    );
}

/** Without the name of a command, `zklab bench SUITE` runs it. */
function addMatrix(bench: Command, context: CommandContext): void {
  bench
    .command('suite', { isDefault: true })
    .description('measure every cell of a matrix suite, in interleaved rounds of fresh ensembles')
    .argument('<suite>', 'a name that "zklab list suites" shows, or a .yaml file')
    .option('--only <tags>', 'only cells with one of these tags, comma-separated, and their controls')
    .option('--starts <n>', 'number of fresh starts; overrides the suite', wholeNumber(1, 1_000))
    .option(
      '--seed <n>',
      'seed of the workload and of the order of measurements',
      wholeNumber(0, 2 ** 31 - 1),
    )
    .option('--explain', 'print the whole plan with every default, and start nothing')
    .option('--json', 'print the result document; with --explain, the plan')
    .addHelpText('after', example('zklab bench payload-sizes --explain', 'zklab bench payload-sizes'))
    .action(
      runs(async (reference: string, options: { json?: boolean }) => {
        const { benchMatrix } = await import('./matrix/matrix-command.ts');
        const commands = bench.commands.map(each => each.name()).filter(name => name !== 'suite');
        const more = { commands, signal: context.signal };
        return benchMatrix(context.out, await context.views(), reference, { ...options, ...more });
      }),
    );
}

function addCosts(bench: Command, context: CommandContext): void {
  bench
    .command('costs')
    .description('measure what messages, flushes and fsyncs cost in CPU, for zklab predict')
    .option('--rounds <n>', 'rounds of all cells', wholeNumber(1, 1_000), 3)
    .option('--window <time>', 'length of each window (default: 1200ms)', duration(200, 60_000))
    .option(
      '--warmup <time>',
      'load at the maximum rate on each ensemble, before its windows (default: 10s)',
      duration(0, 60_000),
    )
    .option('--json', 'print the result document')
    .addHelpText('after', example('zklab bench costs --rounds 5'))
    .action(
      runs(async (options: { rounds: number; window?: number; warmup?: number; json?: boolean }) => {
        const { benchCosts } = await import('./prediction/costs.ts');
        const { rounds, window: windowMs = 1_200, warmup: warmupMs = 10_000, json = false } = options;
        return benchCosts(context.out, { rounds, windowMs, warmupMs, json, signal: context.signal });
      }),
    );
}

function addDriver(bench: Command, context: CommandContext): void {
  bench
    .command('driver')
    .description('measure what the load driver can do on this machine, and whether that is enough')
    .option('--rounds <n>', 'rounds of all loads; at least 5 for a verdict', wholeNumber(1, 1_000), 5)
    .option('--seconds <s>', 'length of each load, in seconds', wholeNumber(1, 3_600), 1)
    .option('--json', 'print the figures as one document')
    .addHelpText('after', example('zklab bench driver --rounds 10 --seconds 3'))
    .action(
      runs(async (options: { rounds: number; seconds: number; json?: boolean }) => {
        const { benchDriver } = await import('./load/driver/driver-command.ts');
        return benchDriver(context.out, { ...options, signal: context.signal });
      }),
    );
}

function addLoad(bench: Command, context: CommandContext): void {
  loading(bench, 'load', 'run one workload against an ensemble, and say what each operation did', [
    'zklab bench load voters --workload config-reads --for 20s',
    'zklab bench load 127.0.0.1:2181 --workload lock-service --json',
  ])
    .option(
      '--for <time>',
      "length of the measurement (default: 10s, or as long as the workload's rate changes)",
      duration(100, 86_400_000),
    )
    .option('--json', 'print the result document')
    .action(
      runs(async (target: string[], options: LoadingOptions & { for?: number }) => {
        const { benchLoad } = await import('./workload-runs/bench-load.ts');
        const { for: forMs, ...more } = options;
        return benchLoad(context.out, { ...loadingOf(target, more, context), forMs });
      }),
    );
}

function addKnee(bench: Command, context: CommandContext): void {
  loading(
    bench,
    'knee',
    'find the highest rate that an ensemble takes, and its latencies at 10, 30 and 60 % of it',
    ['zklab bench knee voters --workload config-reads --max-p99 10ms'],
  )
    .option(
      '--max-p99 <time>',
      'bound of the p99 at that rate; without it, the ensemble only has to keep up',
      duration(1, 60_000),
    )
    .option('--window <time>', 'length of each window (default: 3s)', duration(500, 60_000))
    .option('--json', 'print the result document')
    .action(
      runs(async (target: string[], options: LoadingOptions & { maxP99?: number; window?: number }) => {
        const { benchKnee } = await import('./workload-runs/bench-knee.ts');
        const { maxP99: p99MsMax, window: windowMs = WINDOW_MS, ...more } = options;
        return benchKnee(context.out, { ...loadingOf(target, more, context), p99MsMax, windowMs });
      }),
    );
}

function addRecord(bench: Command, context: CommandContext): void {
  bench
    .command('record')
    .description('record what clients request of a server, without data, for a workload that replays it')
    .requiredOption(
      '--listen <port>',
      'port on 127.0.0.1 that clients connect to; 0 takes a free one',
      wholeNumber(0, 65_535),
    )
    .requiredOption('--to <host:port>', 'the server that gets their requests')
    .requiredOption('--out <file>', 'the recording; no file is overwritten')
    .option('--hash-paths', 'record a hash of each name in a path')
    .option(
      '--max-mb <mb>',
      'largest size of the file, in megabytes; the recording ends there',
      wholeNumber(1, RECORDED_MB_MAX),
      RECORDED_MB_MAX,
    )
    .option('--for <time>', 'end by itself after this time (default: at Ctrl-C)', duration(100, 86_400_000))
    .addHelpText('after', example('zklab bench record --listen 2191 --to 127.0.0.1:2181 --out monday.zkrec'))
    .action(
      runs(async (options: RecordingOptions) => {
        const { benchRecord } = await import('./recording/bench-record.ts');
        const { hashPaths = false, maxMb: megabytesMax, for: forMs, ...more } = options;
        return benchRecord(context.out, { ...more, hashPaths, megabytesMax, forMs, signal: context.signal });
      }),
    );
}

/** A replay reads the whole file. */
const RECORDED_MB_MAX = 64;

interface RecordingOptions {
  listen: number;
  to: string;
  out: string;
  hashPaths?: boolean;
  maxMb: number;
  for?: number;
}

const WINDOW_MS = 3_000;
const WARMUP_MS = 2_000;

interface LoadingOptions {
  workload: string;
  warmup?: number;
  seed: number;
  keep?: boolean;
  json?: boolean;
}

/** What the commands that run workloads share. */
function loading(bench: Command, name: string, description: string, samples: readonly string[]): Command {
  return bench
    .command(name)
    .description(description)
    .argument(
      '<target...>',
      'host:port,host:port of an ensemble that runs on this machine, or a topology as zklab up takes it',
    )
    .requiredOption(
      '--workload <workload>',
      'a name that "zklab list workloads" shows as load, or a .yaml file',
    )
    .option(
      '--warmup <time>',
      'load before each measurement, which is not counted (default: 2s)',
      duration(0, 3_600_000),
    )
    .option('--seed <n>', 'seed of keys, values and arrivals', wholeNumber(0, 2 ** 31 - 1), 1)
    .option('--keep', 'leave the znodes of the workload on an ensemble that was running')
    .addHelpText('after', example(...samples));
}

function loadingOf(
  target: readonly string[],
  { workload, warmup = WARMUP_MS, seed, keep = false, json = false }: LoadingOptions,
  { signal }: CommandContext,
) {
  return { target: target.join(' '), workload, warmupMs: warmup, seed, keep, json, signal };
}

interface ComparingOptions {
  rounds: number;
  seconds: number;
  json?: boolean;
}

const NONE: readonly string[] = [];

/** For an option that may be repeated. */
function collected(word: string, before: readonly string[] = NONE): string[] {
  return [...before, word];
}

const ROUNDS_OF_STARTS = {
  help: 'rounds of each server, two on each fresh start of both; at least 20 for a result to publish',
  usual: 12,
};
const ROUNDS = { help: 'rounds of each server; at least 10 for a result to publish', usual: 6 };

function comparing(
  bench: Command,
  name: string,
  description: string,
  samples: readonly string[],
  rounds = ROUNDS,
): Command {
  return bench
    .command(name)
    .description(description)
    .option('--rounds <n>', rounds.help, wholeNumber(1, 1_000), rounds.usual)
    .option('--seconds <s>', 'length of each phase of a round, in seconds', wholeNumber(1, 3_600), 3)
    .option('--json', 'print the result document')
    .addHelpText('after', example(...samples));
}

export function addCompare(program: Command, context: CommandContext): void {
  program
    .command('compare')
    .description('compare runs: changed verdicts first, then counts, then one metric of each family')
    .argument(
      '<runs...>',
      'the run to compare with, then the others: names, paths, or patterns such as "2026-08-*"',
    )
    .option('--pool', 'group all runs by build and inputs, and pool each group as one side')
    .option('--anyway', 'compare although the conditions make it meaningless')
    .option('--gate <gate>', 'judge by a gate: "default", or a YAML file')
    .option('--require <claims>', 'claims that must hold in b, such as 004-2,L3; may be repeated', collected)
    .option('--all', 'print the rows of every metric')
    .option('--json', 'print the comparison as one document')
    .option('--markdown <file>', 'write Markdown for a review comment; - is standard output')
    .option('--junit <file>', 'write the items of the gate as JUnit XML; - is standard output')
    .option('--html <file>', 'write one HTML file')
    .addHelpText(
      'after',
      `${example(
        'zklab compare 2026-08-01T02 latest',
        'zklab compare "2026-07-*-quick" latest --gate default --junit gate.xml',
        'zklab compare a.json b.json --require 004-2 --markdown -',
      )}

Exit codes:
  0  compared; with a gate: passed
  1  the gate failed
  2  the command line, the gate or a stored run is wrong
  3  a run is void or incomplete, the runs are not comparable, or the gate could decide too little`,
    )
    .action(
      runs(async (references: string[], options: CompareOptions) => {
        const { compareCommand } = await import('./compare/compare-command.ts');
        return compareCommand(context, references, options);
      }),
    );
}

export function addMicro(program: Command, context: CommandContext): void {
  program
    .command('micro')
    .description('measure codecs, frames, tree and log in a warm loop, in operations per second')
    .argument('[filter]', 'run only the tasks whose name matches this pattern')
    .option('--time-ms <ms>', 'how long each task runs, in milliseconds', wholeNumber(1, 60_000))
    .option('--json', 'print the rows as one document')
    .addHelpText('after', example('zklab micro jute --time-ms 500'))
    .action(
      runs(async (filter: string | undefined, options: { timeMs?: number; json?: boolean }) => {
        const { micro } = await import('./micro/micro-command.ts');
        return micro(filter, context.out, {
          ...options,
          folder: join(RUNS_ROOT, 'micro'),
          signal: context.signal,
        });
      }),
    );
}
