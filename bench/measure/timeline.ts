/** What happened when: one point per second, and the marks (faults, phases) that explain them. */

export interface TimelineSecond {
  /** Whole seconds since the timeline began. */
  second: number;
  ok: number;
  errors: number;
  /** Highest response latency of what completed in that second; absent when nothing did. */
  latencyMaxUs?: number;
  latencyMeanUs?: number;
}

export interface TimelineMark {
  atMs: number;
  /** Absent for a moment, present for a span such as a fault. */
  untilMs?: number;
  label: string;
}

export interface Timeline {
  seconds: TimelineSecond[];
  marks: TimelineMark[];
  /** Completions that fell outside and were not kept. */
  dropped: number;
}

export class TimelineRecorder {
  readonly #startMs: number;
  readonly #secondsMax: number;
  readonly #ok: number[] = [];
  readonly #errors: number[] = [];
  readonly #latencySum: number[] = [];
  readonly #latencyMax: number[] = [];
  readonly #marks: TimelineMark[] = [];
  #dropped = 0;

  /** @param startMs the zero, on the clock of `performance.now()`, as all later times */
  constructor(startMs: number, secondsMax = 86_400) {
    this.#startMs = startMs;
    this.#secondsMax = secondsMax;
  }

  ok(atMs: number, latencyUs: number): void {
    const second = this.#secondOf(atMs);
    if (second < 0) return;
    this.#ok[second]!++;
    this.#latencySum[second]! += latencyUs;
    if (latencyUs > this.#latencyMax[second]!) this.#latencyMax[second] = latencyUs;
  }

  error(atMs: number): void {
    const second = this.#secondOf(atMs);
    if (second >= 0) this.#errors[second]!++;
  }

  /** Returns what ends the span. */
  mark(label: string, atMs: number = performance.now()): (untilMs?: number) => void {
    const mark: TimelineMark = { atMs: atMs - this.#startMs, label };
    this.#marks.push(mark);
    return (untilMs = performance.now()) => {
      mark.untilMs = untilMs - this.#startMs;
    };
  }

  /** Every second up to the last that saw something, silent ones included: a gap must show as a gap. */
  toTimeline(): Timeline {
    const seconds = this.#ok.map((ok, second): TimelineSecond => {
      const point: TimelineSecond = { second, ok, errors: this.#errors[second]! };
      if (ok === 0) return point;
      return {
        ...point,
        latencyMaxUs: this.#latencyMax[second]!,
        latencyMeanUs: this.#latencySum[second]! / ok,
      };
    });
    return { seconds, marks: this.#marks.map(mark => ({ ...mark })), dropped: this.#dropped };
  }

  #secondOf(atMs: number): number {
    const second = Math.floor((atMs - this.#startMs) / 1000);
    if (second < 0 || second >= this.#secondsMax) {
      this.#dropped++;
      return -1;
    }
    for (let missing = this.#ok.length; missing <= second; missing++) {
      this.#ok.push(0);
      this.#errors.push(0);
      this.#latencySum.push(0);
      this.#latencyMax.push(0);
    }
    return second;
  }
}
