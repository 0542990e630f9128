/**
 * Registers the commands of this folder. The code of a command is loaded when somebody runs it. To add one,
 * write a function here that registers it with an example, and put its name into COMMANDS of `zklab.ts`.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { RUNS_ROOT } from '../results/store.ts';
import type { AbOptions } from './ab/ab.ts';
import { type CommandContext, example, runs, wholeNumber } from './command-line.ts';

export function addBench(program: Command, context: CommandContext): void {
  const bench = program.command('bench').description('measure a healthy ensemble');
  comparing(
    bench,
    'peer',
    "measure zklab's server and Apache ZooKeeper under the same load, in alternating rounds",
    'zklab bench peer --rounds 10',
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
    'zklab bench ab --a HEAD~1 --rounds 10',
    'zklab bench ab --a zklab --b zklab --b-set snapCount=1000',
  )
    .requiredOption(
      '--a <server>',
      'the base: zklab, apache, a git revision, a folder with a build, or "command {cfg}"',
    )
    .option('--b <server>', 'what is compared with it, in the same form', 'zklab')
    .option('--a-set <key=value>', 'a zoo.cfg key of every member of a; may be repeated', collected, NONE)
    .option('--b-set <key=value>', 'a zoo.cfg key of every member of b; may be repeated', collected, NONE)
    .option('--topology <topology>', 'as zklab up takes it, the same for both', 'voters=3')
    .option(
      '--margin <percent>',
      'a ratio whose interval is this near to 1 is called no difference',
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
    'measure how long a quiet client waits next to each of ten kinds of greedy neighbours, on both servers',
    'zklab bench fairness --rounds 3 --seconds 2',
  ).action(
    runs(async (options: ComparingOptions) => {
      const { benchFairness } = await import('./fairness/fairness.ts');
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
        const { benchHttp } = await import('./peer/http.ts');
        return benchHttp(context.out, { ...options, json: options.json ?? false, signal: context.signal });
      }),
    );
}

interface ComparingOptions {
  rounds: number;
  seconds: number;
  json?: boolean;
}

const NONE: readonly string[] = [];

/** For an option that may be repeated. */
function collected(word: string, before: readonly string[]): string[] {
  return [...before, word];
}

function comparing(bench: Command, name: string, description: string, ...samples: string[]): Command {
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
    .addHelpText('after', example(...samples));
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
