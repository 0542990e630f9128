import type { Address, Clock, Network } from '../../server/runtime/runtime.ts';
import { ErrorCode } from '../../server/wire/error-codes.ts';
import type { JuteReader } from '../../server/wire/jute.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import { buffer, byte, int, type Message, text } from './message.ts';
import { PlainSession } from './plain-session.ts';

/** Pause between an answer and the next question. */
const PAUSE_MS = 2;

export type QuestionKind = 'read' | 'write';

/**
 * A well-behaved client: it writes a znode and reads it in turn, and never stops. Any effect of its
 * neighbours that it notices is a finding.
 */
export class QuietClient {
  readonly path: string;
  readonly #session: PlainSession;
  readonly #clock: Clock;
  #asking: QuestionKind = 'write';
  readonly #slowestMs = { read: 0, write: 0 };
  /** The last value that was acknowledged; -1 before the znode exists. */
  acknowledged = -1;
  answers = 0;

  /** @param path of a znode that does not exist yet */
  constructor(path: string, network: Network, clock: Clock, address: Address) {
    this.path = path;
    this.#clock = clock;
    this.#session = new PlainSession(network, clock, address, () => this.#write());
  }

  get complaint(): string | undefined {
    return this.#session.complaint;
  }

  /** The longest wait for an answer, including the one that is still due, in ms of the client's clock. */
  slowestMs(kind: QuestionKind): number {
    return Math.max(this.#slowestMs[kind], this.#asking === kind ? this.#session.waitsMs : 0);
  }

  /** Whether a later read may return this value: the write under way may have been applied. */
  mayBe(value: number): boolean {
    return value === this.acknowledged || value === this.acknowledged + 1;
  }

  leave(): void {
    this.#session.leave();
  }

  #write(): void {
    const value = this.acknowledged + 1;
    this.#ask('write', value === 0 ? createNode(this.path, value) : setNode(this.path, value), () => {
      this.acknowledged = value;
      this.#clock.after(PAUSE_MS, () => this.#read());
    });
  }

  #read(): void {
    this.#ask('read', readNode(this.path), reply => {
      const value = nodeValue(reply);
      if (value !== this.acknowledged)
        this.#session.complain(`it read ${value} after it had written ${this.acknowledged}`);
      this.#clock.after(PAUSE_MS, () => this.#write());
    });
  }

  #ask(kind: QuestionKind, request: Message, onOk: (reply: JuteReader) => void): void {
    this.#asking = kind;
    const askedMs = this.#clock.monotonicMs();
    this.#session.ask(request, (err, reply) => {
      this.#slowestMs[kind] = Math.max(this.#slowestMs[kind], this.#clock.monotonicMs() - askedMs);
      this.answers++;
      if (err === ErrorCode.OK) onOk(reply);
      else this.#session.complain(`its ${kind} was answered with error ${err}`);
    });
  }
}

export function createNode(path: string, value: number): Message {
  const openAcl = [int(1), int(31), text('world'), text('anyone')];
  return [int(OpCode.create), text(path), data(value), ...openAcl, int(0)];
}

function setNode(path: string, value: number): Message {
  return [int(OpCode.setData), text(path), data(value), int(-1)];
}

export function readNode(path: string): Message {
  return [int(OpCode.getData), text(path), byte(0)];
}

function data(value: number) {
  return buffer(Buffer.from(String(value)));
}

export function nodeValue(reply: JuteReader): number {
  return Number(String(reply.readBuffer()));
}
