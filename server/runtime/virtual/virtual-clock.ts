import type { Clock, Timer } from '../runtime.ts';
import { type Task, type TaskRunner, VirtualTime } from './virtual-time.ts';

export interface VirtualClockOptions {
  /** Wall clock at virtual time 0, milliseconds since 1970. */
  wallStartMs?: number;
  /** Speed of this process's clock relative to the world's: 1.01 gains ten milliseconds per second. */
  rate?: number;
  /**
   * How long a turn keeps the process busy, in ms. Events that arrive meanwhile are handled together in the
   * next turn, as in a loop under load. With 0 every event is a turn of its own, and batches never form.
   */
  turnMs?: () => number;
  /**
   * Output leaves when the time of its turn is over, as if the work came first. Otherwise it leaves at once,
   * and the time only delays the next turn. @default false
   */
  outputAfterTurn?: boolean;
  /** A callback threw, and the process ends. Without this handler the error leaves through the driver. */
  onFailure?: (error: unknown) => void;
}

/** 2024-01-01: any fixed day works, as long as every run has the same. */
export const WALL_START_MS = 1_704_067_200_000;

const noTurnMs = () => 0;

/** As on Node.js: work queued for the end of a turn may queue more; a longer chain is a loop. */
const TURN_ROUNDS_MAX = 1000;

/**
 * The clock and event loop of one process in virtual time. Alone, it is the `Clock` of a unit test:
 *
 *     const clock = new VirtualClock();
 *     clock.after(5_000, () => ...);
 *     clock.advance(5_000);
 *
 * Together with others on one `VirtualTime`, it can be paused, which delays its events, and killed, after
 * which none of them ever runs.
 */
export class VirtualClock implements Clock, TaskRunner {
  readonly time: VirtualTime;
  readonly #wallStartMs: number;
  readonly #rate: number;
  readonly #turnMs: () => number;
  readonly #outputAfterTurn: boolean;
  readonly #onFailure: ((error: unknown) => void) | undefined;
  #wallJumpMs = 0;
  #alive = true;
  #paused = false;
  #inTurn = false;
  #turns = 0;
  #flushCount = 0;
  #turnNeeded = false;
  #busyUntilMs = Number.NEGATIVE_INFINITY;
  #wakeScheduled = false;
  #backlog: Task[] = [];
  #endOfTurn: (() => void)[] = [];
  #flushes: (() => void)[] = [];

  constructor(time: VirtualTime = new VirtualTime(), options: VirtualClockOptions = {}) {
    this.time = time;
    this.#wallStartMs = options.wallStartMs ?? WALL_START_MS;
    this.#rate = options.rate ?? 1;
    this.#turnMs = options.turnMs ?? noTurnMs;
    this.#outputAfterTurn = options.outputAfterTurn ?? false;
    this.#onFailure = options.onFailure;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get turns(): number {
    return this.#turns;
  }

  get flushes(): number {
    return this.#flushCount;
  }

  monotonicMs(): number {
    return this.time.nowMs * this.#rate;
  }

  wallMs(): number {
    return Math.floor(this.#wallStartMs + this.#wallJumpMs + this.monotonicMs());
  }

  after(delayMs: number, run: () => void): Timer {
    return this.time.schedule(this.time.nowMs + Math.max(0, delayMs) / this.#rate, this, run);
  }

  every(intervalMs: number, run: () => void): Timer {
    let cancelled = false;
    let timer: Timer;
    const tick = () => {
      run();
      if (!cancelled) timer = this.after(intervalMs, tick);
    };
    timer = this.after(intervalMs, tick);
    return {
      cancel() {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  atEndOfTurn(run: () => void): void {
    this.#endOfTurn.push(run);
    this.#needTurn();
  }

  inNextTurn(run: () => void): void {
    this.time.schedule(this.time.nowMs, this, run);
  }

  /** For the network: runs after everything of `atEndOfTurn`, so that all its output leaves in one piece. */
  flushAfterTurn(flush: () => void): void {
    this.#flushes.push(flush);
    this.#flushCount++;
    this.#needTurn();
  }

  /**
   * Runs a task as a turn now, or later with everything else that waits when the process is paused or busy.
   */
  enter(task: Task): void {
    if (!this.#alive) return;
    if (this.#paused || this.#inTurn || this.time.nowMs < this.#busyUntilMs || this.#backlog.length > 0) {
      this.#backlog.push(task);
      this.#scheduleWake();
      return;
    }
    this.#turn(() => runTask(task));
  }

  /** Events due from now on wait until `resume`: the process gets no processor time. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#scheduleWake();
  }

  /** The process is gone: none of its callbacks runs any more. */
  kill(): void {
    this.#alive = false;
    this.#backlog = [];
    this.#endOfTurn = [];
    this.#flushes = [];
  }

  /** Sets the wall clock forward, or back, as an operator or a time daemon does. */
  jumpWall(byMs: number): void {
    this.#wallJumpMs += byMs;
  }

  /** @see VirtualTime */
  runUntilIdle(eventsMax?: number): void {
    this.time.runUntilIdle(eventsMax);
  }

  runUntilTime(untilMs: number): void {
    this.time.runUntilTime(untilMs);
  }

  runUntil(condition: () => boolean, deadlineMs: number): boolean {
    return this.time.runUntil(condition, deadlineMs);
  }

  advance(durationMs: number): void {
    this.time.advance(durationMs);
  }

  #turn(body: () => void): void {
    this.#inTurn = true;
    try {
      body();
      this.#runEndOfTurn();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#inTurn = false;
    }
    this.#turns++;
    this.#busyUntilMs = this.time.nowMs + this.#turnMs();
    if (this.#outputAfterTurn) this.#flushWhenDone();
    this.#turnNeeded = false;
    if (this.#endOfTurn.length > 0 || this.#flushes.length > 0) this.#needTurn();
  }

  #runEndOfTurn(): void {
    for (let round = 0; this.#endOfTurn.length > 0; round++) {
      if (round === TURN_ROUNDS_MAX) throw new Error('work at the end of a turn queues itself without end');
      const work = this.#endOfTurn;
      this.#endOfTurn = [];
      this.#runWhileAlive(work);
    }
    if (!this.#outputAfterTurn) this.#runWhileAlive(this.#takeFlushes());
  }

  #takeFlushes(): readonly (() => void)[] {
    const flushes = this.#flushes;
    if (flushes.length > 0) this.#flushes = [];
    return flushes;
  }

  #flushWhenDone(): void {
    const flushes = this.#takeFlushes();
    if (flushes.length > 0) this.time.schedule(this.#busyUntilMs, null, () => this.#runWhileAlive(flushes));
  }

  #runWhileAlive(work: readonly (() => void)[]): void {
    for (const run of work) {
      if (!this.#alive) return;
      run();
    }
  }

  #fail(error: unknown): void {
    if (this.#onFailure === undefined) throw error;
    this.kill();
    this.#onFailure(error);
  }

  /** Outside every turn, as in the body of a test, there is no end of turn to wait for, so this makes one. */
  #needTurn(): void {
    if (this.#inTurn || this.#turnNeeded) return;
    this.#turnNeeded = true;
    this.time.schedule(this.time.nowMs, this, nothing);
  }

  #scheduleWake(): void {
    if (this.#wakeScheduled || this.#paused || this.#backlog.length === 0) return;
    this.#wakeScheduled = true;
    this.time.schedule(this.#busyUntilMs, null, () => this.#wake());
  }

  #wake(): void {
    this.#wakeScheduled = false;
    if (!this.#alive || this.#paused || this.#backlog.length === 0) return;
    if (this.time.nowMs < this.#busyUntilMs) {
      this.#scheduleWake();
      return;
    }
    const tasks = this.#backlog;
    this.#backlog = [];
    this.#turn(() => {
      for (const task of tasks) {
        if (this.#alive) runTask(task);
      }
    });
    this.#scheduleWake();
  }
}

function nothing(): void {}

/** Clears the task first: a timer that fires is no longer pending, and cancelling it later does nothing. */
function runTask(task: Task): void {
  const run = task.run;
  task.run = null;
  run?.();
}
