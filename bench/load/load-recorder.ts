/** Everything that a run counts. It knows the measured window; callers only report what happened and when. */
import { errorName } from '../../server/wire/error-codes.ts';
import { LatencyHistogram } from '../measure/histograms.ts';
import { TimelineRecorder } from '../measure/timeline.ts';
import { LATE_AFTER_MS, type LoadTarget, type OperationResult } from './load-spec.ts';
import { isWrite, type OperationIndex, operationNames } from './workload/operations.ts';

class OperationCount {
  ok = 0;
  okInWindow = 0;
  unknown = 0;
  readonly errors = new Map<number, number>();
  readonly service = new LatencyHistogram();
  readonly response = new LatencyHistogram();
}

export class LoadRecorder {
  /** The measured window, on the clock of `performance.now()`; empty until `begin`. */
  fromMs = Number.POSITIVE_INFINITY;
  untilMs = Number.POSITIVE_INFINITY;
  timeline = new TimelineRecorder(Number.POSITIVE_INFINITY, 1_000);
  readonly #openLoop: boolean;
  readonly #targets: readonly LoadTarget[];
  /** Indexed by target, then operation. A histogram takes some 70 kB, so each is made when it is needed. */
  readonly #counts: (OperationCount | undefined)[][];
  readonly lateness = new LatencyHistogram();
  intended = 0;
  sent = 0;
  late = 0;
  dropped = 0;
  reconnects = 0;
  /** Completed inside the window, whenever they started. Throughput is computed from these. */
  readsInWindow = 0;
  writesInWindow = 0;
  writesOkEver = 0;

  constructor(targets: readonly LoadTarget[], openLoop: boolean) {
    this.#targets = targets;
    this.#openLoop = openLoop;
    this.#counts = targets.map(() => operationNames.map(() => undefined));
  }

  /** Sets the window, once all sessions are open. */
  begin(fromMs: number, untilMs: number, bucketMs: number): void {
    this.fromMs = fromMs;
    this.untilMs = untilMs;
    this.timeline = new TimelineRecorder(fromMs, bucketMs);
  }

  #measured(intendedMs: number): boolean {
    return intendedMs >= this.fromMs && intendedMs < this.untilMs;
  }

  onSent(intendedMs: number, sentAtMs: number): void {
    if (!this.#measured(intendedMs)) return;
    this.intended++;
    this.timeline.intended(intendedMs);
    this.sent++;
    if (!this.#openLoop) return;
    const lateMs = sentAtMs - intendedMs;
    this.lateness.recordUs(lateMs * 1000);
    if (lateMs > LATE_AFTER_MS) this.late++;
  }

  onDropped(intendedMs: number): void {
    if (!this.#measured(intendedMs)) return;
    this.intended++;
    this.timeline.intended(intendedMs);
    this.dropped++;
    this.timeline.error(intendedMs);
  }

  onReply(
    target: number,
    operation: OperationIndex,
    err: number,
    intendedMs: number,
    sentAtMs: number,
    receivedAtMs: number,
  ): void {
    const write = isWrite[operationNames[operation]!];
    if (err === 0 && write) this.writesOkEver++;
    const inWindow = receivedAtMs >= this.fromMs && receivedAtMs < this.untilMs;
    const responseUs = (receivedAtMs - intendedMs) * 1000;
    if (inWindow) {
      if (err !== 0) this.timeline.error(receivedAtMs);
      else {
        this.timeline.ok(receivedAtMs, responseUs);
        this.#count(target, operation).okInWindow++;
        if (write) this.writesInWindow++;
        else this.readsInWindow++;
      }
    }
    if (!this.#measured(intendedMs)) return;
    const count = this.#count(target, operation);
    if (err !== 0) {
      count.errors.set(err, (count.errors.get(err) ?? 0) + 1);
      return;
    }
    count.ok++;
    count.service.recordUs((receivedAtMs - sentAtMs) * 1000);
    if (this.#openLoop) count.response.recordUs(responseUs);
  }

  onLost(target: number, operation: OperationIndex, intendedMs: number): void {
    if (!this.#measured(intendedMs)) return;
    this.#count(target, operation).unknown++;
    this.timeline.error(Math.min(performance.now(), this.untilMs - 1));
  }

  #count(target: number, operation: OperationIndex): OperationCount {
    const counts = this.#counts[target]!;
    let count = counts[operation];
    if (count === undefined) {
      count = new OperationCount();
      counts[operation] = count;
    }
    return count;
  }

  /** Operations that never occurred are left out. */
  operations(): OperationResult[] {
    return this.#targets.flatMap(({ name, role }, target) =>
      operationNames.flatMap((operation, index) => {
        const count = this.#counts[target]![index];
        if (count === undefined) return [];
        const response = this.#openLoop ? count.response : count.service;
        return {
          target: name,
          role,
          operation,
          ok: count.ok,
          okInWindow: count.okInWindow,
          errors: Object.fromEntries([...count.errors].map(([code, n]) => [errorName(code), n])),
          unknown: count.unknown,
          service: count.service.encode(),
          response: response.encode(),
        };
      }),
    );
  }

  /** All targets and operations combined. */
  merged(): { service: LatencyHistogram; response: LatencyHistogram } {
    const service = new LatencyHistogram();
    const response = new LatencyHistogram();
    for (const count of this.#counts.flat()) {
      if (count === undefined) continue;
      service.merge(count.service);
      response.merge(this.#openLoop ? count.response : count.service);
    }
    return { service, response };
  }
}
