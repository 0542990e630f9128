/**
 * Time that stands still until somebody steps it: a queue of events, ordered by due time and then by
 * scheduling. One queue serves a whole simulated world, so its order is the order of everything that happens
 * in it.
 */
export interface Task {
  /** Null once cancelled or done. */
  run: (() => void) | null;
}

/** Runs events in turns: one simulated process. */
export interface TaskRunner {
  enter(task: Task): void;
}

class ScheduledTask implements Task {
  run: (() => void) | null;
  readonly dueMs: number;
  readonly sequence: number;
  /** Null for events outside every process, such as packets in flight and faults. */
  readonly runner: TaskRunner | null;

  constructor(dueMs: number, sequence: number, runner: TaskRunner | null, run: () => void) {
    this.dueMs = dueMs;
    this.sequence = sequence;
    this.runner = runner;
    this.run = run;
  }

  cancel(): void {
    this.run = null;
  }
}

/** More events than this within one `runUntilIdle` mean that something keeps itself awake. */
const IDLE_EVENTS_MAX = 1_000_000;

export class VirtualTime {
  #nowMs = 0;
  #sequence = 0;
  #executed = 0;
  readonly #heap: ScheduledTask[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events run since the beginning. */
  get eventsExecuted(): number {
    return this.#executed;
  }

  /** Due times in the past count as now. */
  schedule(dueMs: number, runner: TaskRunner | null, run: () => void): ScheduledTask {
    const task = new ScheduledTask(Math.max(dueMs, this.#nowMs), this.#sequence++, runner, run);
    push(this.#heap, task);
    return task;
  }

  /** Runs the next event. False when there is none. */
  step(): boolean {
    const task = this.#next();
    if (task === undefined) return false;
    pop(this.#heap);
    this.#nowMs = task.dueMs;
    this.#executed++;
    if (task.runner === null) task.run?.();
    else task.runner.enter(task);
    return true;
  }

  /** @throws when events never cease, as with `every` */
  runUntilIdle(eventsMax: number = IDLE_EVENTS_MAX): void {
    for (let events = 0; this.step(); events++) {
      if (events >= eventsMax) throw new Error(`not idle after ${eventsMax} events, at ${this.#nowMs} ms`);
    }
  }

  /** Runs everything due up to and including `untilMs`, which is then the current time. */
  runUntilTime(untilMs: number): void {
    for (let task = this.#next(); task !== undefined && task.dueMs <= untilMs; task = this.#next())
      this.step();
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  advance(durationMs: number): void {
    this.runUntilTime(this.#nowMs + durationMs);
  }

  /**
   * Runs until the condition, checked after every event, holds. Returns false when it does not by
   * `deadlineMs`, or when everything is idle.
   */
  runUntil(condition: () => boolean, deadlineMs: number): boolean {
    while (!condition()) {
      const task = this.#next();
      if (task === undefined) return false;
      if (task.dueMs > deadlineMs) {
        this.#nowMs = Math.max(this.#nowMs, deadlineMs);
        return false;
      }
      this.step();
    }
    return true;
  }

  /** The first task that is not cancelled; those before it are dropped. */
  #next(): ScheduledTask | undefined {
    let first = this.#heap[0];
    while (first !== undefined && first.run === null) {
      pop(this.#heap);
      first = this.#heap[0];
    }
    return first;
  }
}

function before(a: ScheduledTask, b: ScheduledTask): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

function push(heap: ScheduledTask[], task: ScheduledTask): void {
  let at = heap.length;
  heap.push(task);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(task, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = task;
}

function pop(heap: ScheduledTask[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
