/** A tree with clients that read it. */
import { digestId } from '../auth/digest-id.ts';
import type { Connection } from '../runtime/runtime.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { watchLimits } from '../tree/watch-memory.ts';
import { TurnBudget } from '../turns/turn-budget.ts';
import { type Id, Perms } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader, JuteWriter } from '../wire/jute.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import { writePathWatchRequest } from '../wire/requests.ts';
import { EventType } from '../wire/watch-event.ts';
import { FinalRequestProcessor, type ReadSession } from './final-request-processor.ts';
import type { LongRead } from './long-read.ts';
import { create, PrepRig, SESSION, setAcl, setData } from './prep.test-kit.ts';
import { ReplyBody } from './reply-writer.ts';

export const GIB = 2 ** 30;
export const EPHEMERAL = 1;
export const USER: Id = { scheme: 'digest', id: digestId('user:pass') };
export const OTHER_SESSION = 0x0200_0000_0000_0001n;

/** A client that reads: what it was told of, and what it may see. */
export class Reader implements ReadSession {
  readonly sessionId: bigint;
  readonly events: string[] = [];
  watchBytes = 0;
  ids: Id[] = [{ scheme: 'ip', id: '127.0.0.1' }];

  constructor(sessionId = SESSION) {
    this.sessionId = sessionId;
  }

  identities(): readonly Id[] {
    return this.ids;
  }

  process(type: number, path: string): void {
    const names = Object.entries(EventType).map(([name, code]) => [code, name] as const);
    this.events.push(`${new Map<number, string>(names).get(type)} ${path}`);
  }

  take(): string[] {
    return this.events.splice(0);
  }
}

export class Bench extends PrepRig {
  readonly reader = new Reader();
  readonly #final: FinalRequestProcessor;

  constructor(skipAcl = false, jute = juteLimits(), heapBytesMax = GIB) {
    super({ jute });
    const options = { skipAcl, jute };
    this.#final = new FinalRequestProcessor(() => this.tree, this.access, options, watchLimits(heapBytesMax));
  }

  ask(op: number, write: (w: JuteWriter) => void, reader: ReadSession = this.reader): [number, JuteReader] {
    const request = new JuteWriter();
    write(request);
    const body = new ReplyBody();
    const answer = this.#final.read(op, new JuteReader(request.toBuffer()), reader, body);
    if (typeof answer === 'number') return [answer, new JuteReader(allOf(body))];
    this.turnsTaken = 1;
    while (!this.#stepInTurn(answer)) this.turnsTaken++;
    const whole = new ReplyBody();
    answer.writeTo(whole);
    return [ErrorCode.OK, new JuteReader(allOf(whole))];
  }

  /** What a long read takes of a turn of its own. Between two turns the tree may change. */
  #stepInTurn(read: LongRead): boolean {
    const clock = new VirtualClock();
    const budget = new TurnBudget(clock);
    budget.beginSlice(clock.monotonicMs(), 0);
    const done = read.step(budget);
    if (!done) this.betweenTurns();
    return done;
  }

  turnsTaken = 0;
  betweenTurns: () => void = () => {};

  watch(op: number, path: string, watch = false): [number, JuteReader] {
    return this.ask(op, w => writePathWatchRequest(w, { path, watch }));
  }

  path(op: number, path: string): [number, JuteReader] {
    return this.ask(op, w => void w.writeString(path));
  }

  pathAnd(op: number, path: string, value: number): [number, JuteReader] {
    return this.ask(op, w => void w.writeString(path).writeInt(value));
  }
}

/** The body with what is not copied into it. */
export function allOf(body: ReplyBody): Buffer {
  const parts: Buffer[] = [];
  const write = (bytes: Uint8Array, start = 0, end = bytes.length) => {
    parts.push(Buffer.from(bytes.subarray(start, end)));
    return true;
  };
  body.writeTo({ write, writeShared: write } as unknown as Connection);
  return Buffer.concat(parts);
}

/** /a "data" with children b and c; /mine, an ephemeral of SESSION; /locked for USER with `perms`. */
export function bench(perms: number = Perms.ALL, skipAcl = false, jute = juteLimits()): Bench {
  const made = new Bench(skipAcl, jute);
  const ops = [create('/a'), setData('/a', 'data'), create('/a/b'), create('/a/c', { data: null })];
  for (const op of [...ops, create('/mine', { flags: EPHEMERAL }), create('/locked')]) made.run(op);
  made.run(setAcl('/locked', [{ perms, id: USER }]));
  return made;
}

export const names = (reader: JuteReader): (string | null)[] | null => reader.readVector(r => r.readString());
