/**
 * Registers the commands of this folder. The code of a command is loaded when somebody runs it. To add one,
 * write a function here that registers it with an example, and put its name into COMMANDS of `zklab.ts`.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { type CommandContext, example, runs, wholeNumber } from '../bench/command-line.ts';
import { duration } from '../bench/duration.ts';
import type { PredictOptions } from '../bench/prediction/predict.ts';
import { outputColumns } from '../bench/terminal.ts';
import { RUNS_ROOT } from '../results/runs-root.ts';
import { WORKERS_MAX } from './simulation/seeds/seed-workers.ts';

export function addClaims(program: Command, context: CommandContext): void {
  program
    .command('claims')
    .description('measure the topologies of a suite, healthy and under faults, and judge each scaling claim')
    .option('--suite <suite>', 'a name that "zklab list suites" shows, or a .yaml file', 'quick')
    .option('--only <ids>', 'judge only these claims, comma-separated: 004-2,003-3')
    .option('--server <server>', 'the server to measure: zklab or apache', 'zklab')
    .option('--rounds <n>', 'number of rounds; overrides the suite', wholeNumber(1, 1_000))
    .option(
      '--seed <n>',
      'seed of the workload and of the order of measurements',
      wholeNumber(0, 2 ** 31 - 1),
    )
    .option('--explain', 'print the whole plan with every default, and start nothing')
    .option('--json', 'print the result document; with --explain, the plan')
    .addHelpText(
      'after',
      example('zklab claims --suite quick', 'zklab claims --only 004-2,003-3 --rounds 10'),
    )
    .action(
      runs(async (options: { suite: string; server: string }) => {
        const { claims } = await import('./experiments/claims-command.ts');
        return claims(context.out, await context.views(), { ...options, signal: context.signal });
      }),
    );
}

export function addRecheck(program: Command, context: CommandContext): void {
  program
    .command('recheck')
    .description('judge a stored run again by the current claims and checkers, without changing the run')
    .argument('[run]', 'the name of a run, the start of one, a path, or latest', 'latest')
    .option('--json', 'print the result document with its new verdicts')
    .addHelpText('after', example('zklab recheck latest'))
    .action(
      runs(async (reference: string, options: { json?: boolean }) => {
        const { recheck } = await import('./experiments/claims-command.ts');
        return recheck(context.out, await context.views(), reference, options);
      }),
    );
}

export function addUp(program: Command, context: CommandContext): void {
  program
    .command('up')
    .description(
      'start an ensemble behind proxies; print how to connect and how to break it; Ctrl-C stops it. With bandwidth= or delay= the members have networks of their own, and no proxies',
    )
    .argument(
      '<topology...>',
      'voters, observers, masters; voters=3 observers=4 masters=on server=apache; or a .yaml file',
    )
    .option('--json', 'print the description as one document')
    .addHelpText(
      'after',
      example(
        'zklab up observers',
        'zklab up voters=5 observers=8 masters=on',
        'zklab up voters=3 bandwidth=100mbit',
      ),
    )
    .action(
      runs(async (words: string[], { json }: { json?: boolean }) => {
        const { up } = await import('./up.ts');
        return up(words.join(' '), context.out, {
          json: json ?? false,
          runsRoot: join(RUNS_ROOT, 'up'),
          signal: context.signal,
        });
      }),
    );
}

export function addFault(program: Command, context: CommandContext): void {
  program
    .command('fault')
    .description(
      'break the ensemble that zklab up runs: the name of a fault, who it is on, and its options; "list" shows what is in force and the state of every link',
    )
    .argument(
      '<words...>',
      'a fault of "zklab list faults" or "cut"; roles, names or dc:NAME; options as key=value; or just "list"',
    )
    .option('--one-way', 'for links: only what the first target sends to the second')
    .option('--for <time>', 'heal it by itself after this time: 30s', duration(100, 86_400_000))
    .option('--up <pid>', 'the process id of the zklab up, where several run', wholeNumber(1, 2 ** 31 - 1))
    .option('--json', 'print the fault, or the list, as one document')
    .addHelpText(
      'after',
      example(
        'zklab fault cut leader observers',
        'zklab fault latency v1 any latencyMs=200 jitterMs=50 --for 30s',
        'zklab fault kill leader',
        'zklab fault list',
      ),
    )
    .action(
      runs(async (words: string[], options: object) => {
        const { fault } = await import('./by-hand/fault-command.ts');
        return fault(words, context.out, options);
      }),
    );
}

export function addHeal(program: Command, context: CommandContext): void {
  program
    .command('heal')
    .description('heal a fault of zklab fault, or all of them')
    .argument('[id]', 'its number in "zklab fault list" (default: all)', wholeNumber(1, 2 ** 31 - 1))
    .option('--up <pid>', 'the process id of the zklab up, where several run', wholeNumber(1, 2 ** 31 - 1))
    .option('--json', 'print the healed faults as one document')
    .addHelpText('after', example('zklab heal', 'zklab heal 2'))
    .action(
      runs(async (id: number | undefined, options: object) => {
        const { heal } = await import('./by-hand/fault-command.ts');
        return heal(id, context.out, options);
      }),
    );
}

export function addChaos(program: Command, context: CommandContext): void {
  program
    .command('chaos')
    .description(
      'run faults against ensembles under a workload: a fixed schedule, or runs that are drawn from a seed; prove each fault, judge what clients saw, and shrink what fails',
    )
    .argument('<schedule>', 'a name that "zklab list schedules" shows, or a .yaml file')
    .option('--topology <topology>', "as zklab up takes it, instead of the schedule's")
    .option(
      '--server <server>',
      'the server that all members run: zklab, apache, apache@3.9.5, or a command with {cfg}',
    )
    .option(
      '--seed <n>',
      'repeats the runs of this seed: what is drawn, the workload, and what faults choose',
      wholeNumber(0, 2 ** 31 - 1),
    )
    .option(
      '--for <time>',
      'draw runs for this long, such as 30m or 8h, instead of the number in the schedule',
      duration(1_000, 7 * 86_400_000),
    )
    .option('--explain', 'print the plan of every run, and start nothing')
    .option('--json', 'print the result document; with --explain, the plan')
    .addHelpText(
      'after',
      example(
        'zklab chaos smoke',
        'zklab chaos nightly --for 8h',
        'zklab chaos nightly --seed 7 --explain',
        'zklab chaos smoke --topology "voters=5 observers=2 masters=on"',
      ),
    )
    .action(
      runs(async (schedule: string, options: object) => {
        const { chaos } = await import('./campaigns/chaos-command.ts');
        return chaos(context.out, await context.views(), schedule, { ...options, signal: context.signal });
      }),
    );
}

export function addSim(program: Command, context: CommandContext): void {
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
    .option(
      '--workers <n>',
      'number of seeds at a time (default: one for each core)',
      wholeNumber(1, WORKERS_MAX),
    )
    .option('--no-minimise', 'keep all faults of a failing plan, instead of the fewest that still fail')
    .option('--json', 'print the summary as one document')
    .addHelpText(
      'after',
      example('zklab sim --seeds 200', 'zklab sim --replay results/runs/sim/seed-80.plan.json --debug'),
    )
    .action(
      runs(async (options: object) => {
        const { sim } = await import('./simulation/sim-command.ts');
        return sim(context.out, { ...options, folder: join(RUNS_ROOT, 'sim'), signal: context.signal });
      }),
    );
}

export function addPredict(program: Command, context: CommandContext): void {
  program
    .command('predict')
    .description(
      'predict what a topology needs on machines of its own: CPU, bytes, messages, the limit, write latency',
    )
    .requiredOption('--topology <topology>', 'as zklab up takes it: "voters=5 observers=100 masters=on"')
    .requiredOption('--rate <n>', 'writes per second', wholeNumber(1, 1_000_000))
    .option('--cores-per-member <n>', 'cores of each machine', '1')
    .option('--nic <rate>', 'network interface of each machine, with kbit, mbit or gbit', '1gbit')
    .option('--rtt <time>', 'round trip between two machines, with us, ms or s', '0.5ms')
    .option('--fsync <time>', 'one fsync of the log (default: as measured in the run of the costs)')
    .option('--value-bytes <n>', 'size of a written value', wholeNumber(0, 1_000_000), 100)
    .option('--clients <place>', 'where clients are connected: leader, voters, observers, all', 'voters')
    .option('--sessions <n>', 'sessions on each member with clients', wholeNumber(1, 100_000), 100)
    .option('--from <run>', 'the run whose costs to use (default: the last of zklab bench costs)')
    .option('--simulate', 'also run the servers in virtual time, charged by the same costs')
    .option('--json', 'print the prediction as one document')
    .addHelpText(
      'after',
      example(
        'zklab predict --topology "voters=5 observers=100 masters=on" --rate 5000 \\',
        '  --cores-per-member 4 --nic 1gbit --rtt 2ms',
      ),
    )
    .action(
      runs(async ({ simulate, ...options }: PredictOptions & { simulate?: boolean }) => {
        const { predict } = await import('../bench/prediction/predict.ts');
        if (!simulate) return predict(context.out, options);
        const { secondOpinion } = await import('./simulation/charged/second-opinion.ts');
        return predict(context.out, options, secondOpinion);
      }),
    );
}

export function addFuzz(program: Command, context: CommandContext): void {
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
        const { fuzzCommand } = await import('./fuzz/fuzz-command.ts');
        return fuzzCommand(context.out, {
          ...options,
          folder: join(RUNS_ROOT, 'fuzz'),
          signal: context.signal,
        });
      }),
    );
}

export function addBisect(program: Command, context: CommandContext): void {
  program
    .command('bisect')
    .description(
      'find the first commit at which a command fails: seeds of the simulation, or a schedule of chaos against the server of each commit',
    )
    .argument('<command...>', 'what to run, after --: sim --first 1 --seeds 50; chaos failure-3.yaml')
    .requiredOption('--good <commit>', 'a commit at which it passes')
    .option('--bad <commit>', 'a commit at which it fails', 'HEAD')
    .option('--tries <n>', 'how often it must pass for a commit to be good', wholeNumber(1, 1_000), 1)
    .option('--json', 'print what was found as one document')
    .addHelpText(
      'after',
      example(
        'zklab bisect --good v0.1.0 -- sim --first 1 --seeds 50',
        'zklab bisect --good HEAD~40 --tries 5 -- chaos failure-3.yaml',
      ),
    )
    .action(
      runs(async (words: string[], options: { good: string; bad: string; tries: number }) => {
        const { bisect } = await import('./nights/bisect-command.ts');
        return bisect(words, context.out, { ...options, signal: context.signal });
      }),
    );
}

export function addList(program: Command, context: CommandContext): void {
  program
    .command('list')
    .description(
      'list all claims, gates, suites, topologies, faults, workloads and their operations, checkers and schedules',
    )
    .argument('[kind]', 'list only this kind')
    .option('--json', 'print the lists as one document')
    .addHelpText('after', example('zklab list', 'zklab list claims'))
    .action(
      runs(async (kind: string | undefined, { json }: { json?: boolean }) => {
        const { list } = await import('./list.ts');
        return list(kind, context.out, { json: json ?? false, columns: outputColumns() });
      }),
    );
}

export function addSchema(program: Command, context: CommandContext): void {
  program
    .command('schema')
    .description(
      'print the JSON Schema of a kind of file, for editors; without a kind, where all of them are',
    )
    .argument('[kind]', 'suite, topology, workload, schedule, gate or result')
    .addHelpText('after', example('zklab schema', 'zklab schema suite > suite.schema.json'))
    .action(
      runs(async (kind: string | undefined) => {
        const { schemaCommand } = await import('./schemas.ts');
        return schemaCommand(kind, context.out);
      }),
    );
}

export function addDoctor(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('say what this machine offers, what it is for, and how to install what is missing')
    .option('--json', 'print the findings as one document')
    .addHelpText('after', example('zklab doctor'))
    .action(
      runs(async ({ json }: { json?: boolean }) => {
        const { doctor } = await import('../bench/doctor.ts');
        const { TOXIPROXY_CHECK } = await import('./toxiproxy/check.ts');
        const { REAL_CLIENTS_CHECK } = await import('./real-clients/check.ts');
        const more = [TOXIPROXY_CHECK, REAL_CLIENTS_CHECK];
        return doctor(context.out, { json: json ?? false, more });
      }),
    );
}
