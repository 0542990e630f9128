/**
 * What the commands that run workloads share: input that is checked before anything starts, a recorded run,
 * an ensemble that is prepared and left as it was, and a result that is stored and printed.
 */
import type { EventSink } from '../../results/events.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { type LoadPlan, readWorkload } from '../load/workload/workload-file.ts';
import { probeEnvironment } from '../measure/environment.ts';
import { MachineWatch } from '../measure/machine-use.ts';
import { stored } from '../present.ts';
import { recordRun } from '../recorded-run.ts';
import { shellWord } from '../shell-word.ts';
import type { Terminal } from '../terminal.ts';
import { type Measured, resultOf } from './load-result.ts';
import { readLoadTarget } from './loaded-ensemble.ts';
import { type PreparedRun, withWorkload } from './workload-run.ts';

export interface WorkloadOptions {
  /** An ensemble that runs, or a topology. */
  readonly target: string;
  /** A name or a file. */
  readonly workload: string;
  readonly warmupMs: number;
  readonly seed: number;
  /** Leaves the znodes of the workload on an ensemble that runs on. */
  readonly keep: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** Folder for results. @default results/runs */
  readonly root?: string;
}

/** What a command measures in its own way. */
export interface WorkloadCommand {
  /** `bench <name>`; also the name of the run. */
  readonly name: string;
  readonly commandLine: string;
  /** @throws the reason of the signal when it was ended before there was anything to say */
  measure(prepared: PreparedRun, plan: LoadPlan, events: EventSink): Promise<WorkloadAnswer>;
}

export interface WorkloadAnswer extends Measured {
  /** For a person. */
  readonly text: string;
  /** Something that was asked for does not hold. */
  readonly isFailed?: boolean;
}

/**
 * The exit code is 3 when the result is void. @throws UsageError before anything starts; EnsembleError,
 * LoadError
 */
export async function runWorkloadCommand(
  terminal: Terminal,
  options: WorkloadOptions,
  command: (plan: LoadPlan) => WorkloadCommand,
): Promise<ExitCode> {
  const { seed, keep, json, signal, root } = options;
  const target = readLoadTarget(options.target);
  const plan = readWorkload(options.workload);
  const { name, commandLine, measure } = command(plan);
  return recordRun(terminal, { name, json, root }, async run => {
    const { id, startedAt, events } = run;
    const onPhase = (what: string) => events.emit({ kind: 'phase', what });
    const onNote = (text: string) => events.emit({ kind: 'note', text });
    const { name: topology, shortForm } =
      target.kind === 'topology' ? target.topology : { name: 'running', shortForm: options.target };
    run.plan({ suite: plan.name, seed, claims: [], topologies: [{ name: topology, shortForm }] });
    onPhase('probing the machine');
    const environment = await probeEnvironment();
    const watch = new MachineWatch();
    try {
      const preparation = { target, plan, seed, keep, signal, onPhase, onNote };
      const answer = await withWorkload(preparation, async prepared => {
        const measured = await measure(prepared, plan, events);
        const { ensemble, drivers } = prepared;
        const { texts, rows: deaths } = await ensemble.ended();
        return {
          ...measured,
          ...{ ensemble, deaths, machineUse: watch.use(drivers.worst, undefined) },
          voidReasons: [...texts, ...measured.voidReasons],
          text: [...texts.map(text => `void: ${text}`), measured.text].join('\n'),
        };
      });
      const exitCode = exitCodeOf(answer);
      const about = { id, name, startedAt: startedAt.toISOString(), seed, commandLine, exitCode };
      const result = resultOf({ ...answer, run: about, environment, plan });
      const { lines, isStored } = await stored(run, terminal, result);
      if (json) terminal.json(result);
      else
        terminal.print(
          [`${plan.name} on ${answer.ensemble.row.shortForm}`, '', answer.text, ...lines].join('\n'),
        );
      return isStored ? exitCode : EXIT_CODES.failed;
    } catch (error) {
      if (!signal.aborted) throw error;
      terminal.progress('the run was ended before it had a result');
      return EXIT_CODES.void;
    }
  });
}

function exitCodeOf({ voidReasons, isFailed = false }: WorkloadAnswer): ExitCode {
  if (isFailed) return EXIT_CODES.failed;
  return voidReasons.length > 0 ? EXIT_CODES.void : EXIT_CODES.holds;
}

/** The part of a command line that all these commands share, to repeat a run. */
export function commandLineOf(name: string, options: WorkloadOptions): string {
  const { target, workload, warmupMs, seed, keep } = options;
  return `zklab bench ${name} ${shellWord(target)} --workload ${shellWord(workload)} --warmup ${warmupMs}ms --seed ${seed}${keep ? ' --keep' : ''}`;
}
