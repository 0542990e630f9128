/**
 * Replays a recording: the same sessions send the same requests at the same times, or faster by a factor. It
 * is an open loop: a request is never postponed for earlier ones. One whose session is still connecting is
 * sent when it is connected, and its response time counts from when it was due.
 */
import { OPEN_ACL_UNSAFE } from '../../../server/wire/acl.ts';
import type { JuteWriter } from '../../../server/wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../../../server/wire/multi.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import {
  writeCreateRequest,
  writePathVersionRequest,
  writePathWatchRequest,
  writeSetAclRequest,
  writeSetDataRequest,
} from '../../../server/wire/requests.ts';
import type { RecordedEvent, Recording, RequestShape } from '../../recording/recording.ts';
import type { LoadRecorder } from '../load-recorder.ts';
import type { LoadSource } from '../load-source.ts';
import type { LoadSpec } from '../load-spec.ts';
import type { ReplyHandler } from '../session/in-flight.ts';
import { errorOf } from '../workload/operations.ts';
import { operationOf, replayPlan } from './replay-plan.ts';
import { ReplaySession } from './replay-session.ts';

type RequestEvent = Extract<RecordedEvent, { kind: 'request' }>;

/** Sends at most this many overdue events at once, so that replies are read in between. */
const EVENTS_PER_TURN_MAX = 2_000;

export class ReplayLoad implements LoadSource {
  readonly #spec: LoadSpec;
  readonly #events: readonly RecordedEvent[];
  readonly #speed: number;
  readonly #recorder: LoadRecorder;
  readonly #data: Buffer;
  readonly #sessions = new Map<number, ReplaySession>();
  /** Of all sessions, also those that the recording has closed. */
  readonly #closing = new Set<Promise<unknown>>();
  #inFlight = 0;

  constructor(spec: LoadSpec, recording: Recording, speed: number, recorder: LoadRecorder) {
    this.#spec = spec;
    this.#events = recording.events;
    this.#speed = speed;
    this.#recorder = recorder;
    this.#data = Buffer.alloc(replayPlan(recording).valueBytesMax, 0x7a);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Sessions open when the recording says. */
  async open(): Promise<void> {}

  start(startMs: number): () => void {
    const events = this.#events;
    const dueMs = (event: RecordedEvent) => startMs + this.#spec.warmupMs + event.atUs / 1000 / this.#speed;
    let next = 0;
    let running = true;
    /** Plays the events that are due, up to a number. Returns whether more is due. */
    const playDue = (untilMs: number, countMax: number): boolean => {
      const nowMs = performance.now();
      for (let count = 0; next < events.length; count++, next++) {
        const event = events[next]!;
        const intendedMs = dueMs(event);
        if (intendedMs > untilMs) return false;
        if (count >= countMax) return true;
        this.#play(event, intendedMs, nowMs);
      }
      return false;
    };
    const tick = (): void => {
      if (!running) return;
      if (playDue(performance.now(), EVENTS_PER_TURN_MAX)) setImmediate(tick);
      else if (next < events.length)
        setTimeout(tick, Math.max(1, Math.floor(dueMs(events[next]!) - performance.now())));
    };
    tick();
    return () => {
      if (!running) return;
      running = false;
      // Like the open loop: what was due inside the window is sent late, so that all of it is accounted for.
      playDue(Math.min(performance.now(), this.#recorder.untilMs), Number.POSITIVE_INFINITY);
    };
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) this.#end(session);
    this.#sessions.clear();
    await Promise.all(this.#closing);
  }

  #play(event: RecordedEvent, intendedMs: number, nowMs: number): void {
    if (event.kind === 'open') {
      const target = (event.session - 1) % this.#spec.targets.length;
      const replayed = new ReplaySession(this.#spec, target, event.timeoutMs);
      this.#sessions.set(event.session, replayed);
      replayed.open();
      return;
    }
    const session = this.#sessions.get(event.session);
    if (session === undefined) return;
    if (event.kind === 'request') this.#request(session, event, intendedMs, nowMs);
    else {
      this.#sessions.delete(event.session);
      this.#end(session);
    }
  }

  #request(session: ReplaySession, event: RequestEvent, intendedMs: number, nowMs: number): void {
    const operation = operationOf(event);
    if (operation === undefined) return;
    const { shape, parts } = event;
    const recorder = this.#recorder;
    const { target } = session;
    const handler: ReplyHandler = {
      onReply: ({ err, reader, sentAtMs, receivedAtMs }) => {
        this.#inFlight--;
        const code = errorOf(operation, err, reader);
        recorder.onReply(target, operation, code, intendedMs, sentAtMs, receivedAtMs);
      },
      onLost: () => {
        this.#inFlight--;
        recorder.onLost(target, operation, intendedMs);
      },
    };
    this.#inFlight++;
    const isTaken = session.send(shape.op as OpCode, body => this.#write(body, shape, parts), handler, nowMs);
    if (isTaken) recorder.onSent(intendedMs, nowMs);
    else {
      this.#inFlight--;
      recorder.onDropped(intendedMs);
    }
  }

  #write(body: JuteWriter, shape: RequestShape, parts: readonly RequestShape[]): void {
    if (shape.op !== OpCode.multi && shape.op !== OpCode.multiRead) {
      this.#writeShape(body, shape);
      return;
    }
    for (const part of parts) {
      writeMultiHeader(body, part.op, false, -1);
      this.#writeShape(body, part);
    }
    writeMultiEnd(body);
  }

  #writeShape(body: JuteWriter, { op, path: recorded, watch, dataBytes, flags }: RequestShape): void {
    const path = replayedPath(this.#spec.workload.root ?? '', recorded);
    switch (op) {
      case OpCode.create:
      case OpCode.create2:
        writeCreateRequest(body, { path, data: this.#dataOf(dataBytes), acl: OPEN_ACL_UNSAFE, flags });
        break;
      case OpCode.setData:
        writeSetDataRequest(body, { path, data: this.#dataOf(dataBytes), version: -1 });
        break;
      case OpCode.delete:
      case OpCode.check:
        writePathVersionRequest(body, { path, version: -1 });
        break;
      case OpCode.setACL:
        writeSetAclRequest(body, { path, acl: OPEN_ACL_UNSAFE, version: -1 });
        break;
      case OpCode.getACL:
      case OpCode.sync:
        body.writeString(path);
        break;
      default:
        writePathWatchRequest(body, { path, watch });
    }
  }

  #dataOf(bytes: number): Buffer {
    return this.#data.subarray(0, Math.max(0, bytes));
  }

  #end(session: ReplaySession): void {
    const ended = session.close().finally(() => this.#closing.delete(ended));
    this.#closing.add(ended);
  }
}

/** Everything is replayed below the root of the workload. */
function replayedPath(root: string, path: string): string {
  return path === '/' || path === '' ? root : `${root}${path}`;
}
