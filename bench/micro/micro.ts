/**
 * Micro-benchmarks of the parts (codecs, frames, tree, log) under tinybench. They show what is expensive, and
 * whether a change made it more so. They do not show what an ensemble does: nothing waits here, and all
 * caches are warm.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Bench, type Task } from 'tinybench';
import { frameTasks } from './frames.micro.ts';
import { juteTasks } from './jute.micro.ts';
import { logTasks } from './log.micro.ts';
import type { MicroTask } from './micro-task.ts';
import { treeTasks } from './tree.micro.ts';

export interface MicroRow {
  name: string;
  /** Median over calls, divided by `operations`. */
  nsPerOperation: number;
  operationsPerSecond: number;
  /** Median absolute deviation: half of the calls lie within it. */
  spreadNs: number;
  operationsPerCall: number;
  /** Number of timed calls. */
  n: number;
  warnings: string[];
}

export interface MicroOptions {
  /** Time for each task. */
  timeMs?: number;
  warmupMs?: number;
  /** Ends the run after the current task. The result contains what was measured by then. */
  signal?: AbortSignal;
}

const DEFAULTS = { timeMs: 500, warmupMs: 200 } as const;

/**
 * A call must take this many times as long as reading the timer. tinybench warns only when samples collapse.
 */
const TIMER_READS_PER_CALL_MIN = 10;

const SUITES: readonly (() => MicroTask[])[] = [juteTasks, frameTasks, treeTasks, logTasks];

/**
 * Runs every task whose name matches, one after the other.
 * @throws Error when a task fails; RangeError when none matches, naming the tasks
 */
export async function runMicro(
  filter: RegExp | undefined,
  onProgress: (row: MicroRow) => void,
  options: MicroOptions = {},
): Promise<MicroRow[]> {
  const rows: MicroRow[] = [];
  const names: string[] = [];
  for (const makeTasks of SUITES) {
    const tasks = makeTasks();
    try {
      for (const task of tasks) {
        names.push(task.name);
        if (filter !== undefined && !filter.test(task.name)) continue;
        // A task that never waits keeps signals out. They arrive here.
        await nextTurn();
        if (options.signal?.aborted) return rows;
        const row = await runTask(task, options);
        rows.push(row);
        onProgress(row);
      }
    } finally {
      for (const task of tasks) task.close?.();
    }
  }
  if (rows.length === 0) throw new RangeError(`no task matches ${filter}; the tasks are ${names.join('; ')}`);
  return rows;
}

export async function runTask(task: MicroTask, options: MicroOptions = {}): Promise<MicroRow> {
  const { timeMs = DEFAULTS.timeMs, warmupMs = DEFAULTS.warmupMs } = options;
  const bench = new Bench({ time: timeMs, warmupTime: warmupMs, throws: true });
  const found: string[] = [];
  bench.addEventListener('warning', event => {
    found.push(`the timer is too coarse for this task (${event.reason ?? 'unknown reason'})`);
  });
  const sink = { last: Number.NaN };
  const keep = (value: number): void => {
    sink.last = value;
  };
  const { run } = task;
  const timed = task.async ? async () => keep(await run()) : () => keep(run() as number);
  bench.add(task.name, timed, { async: task.async === true });
  await bench.run();
  if (!Number.isFinite(sink.last))
    found.push('the task gave no number: its work may have been optimised away');
  return rowOf(task, bench.tasks[0]!, found);
}

function rowOf(task: MicroTask, done: Task, warnings: string[]): MicroRow {
  const { result } = done;
  if (result.state !== 'completed') throw new Error(`micro task "${task.name}" ended as ${result.state}`);
  const { p50, mad, samplesCount } = result.latency;
  const callNs = p50 * 1e6;
  const timerNs = timerReadNs();
  if (callNs < timerNs * TIMER_READS_PER_CALL_MIN) {
    const times = `a call takes ${callNs.toFixed(0)} ns, reading the timer ${timerNs.toFixed(0)} ns`;
    warnings.push(`the timer is too coarse for this task: ${times}`);
  }
  const nsPerOperation = callNs / task.operations;
  return {
    name: task.name,
    nsPerOperation,
    operationsPerSecond: nsPerOperation > 0 ? 1e9 / nsPerOperation : Number.NaN,
    spreadNs: (mad * 1e6) / task.operations,
    operationsPerCall: task.operations,
    n: samplesCount,
    warnings,
  };
}

function timerReadNs(): number {
  const READS = 1_000;
  const start = process.hrtime.bigint();
  for (let i = 0; i < READS; i++) process.hrtime.bigint();
  return Number(process.hrtime.bigint() - start) / READS;
}
