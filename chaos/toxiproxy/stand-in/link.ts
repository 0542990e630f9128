import type { Socket } from 'node:net';
import type { Random } from '../../../server/runtime/runtime.ts';
import type { Chunk, Sink, StageContext } from './stage.ts';
import type { Direction, Toxic } from './toxic.ts';
import { ToxicStub } from './toxic-stub.ts';

export interface LinkCounters {
  received(bytes: number): void;
  sent(bytes: number): void;
  /** A toxic that knows packets has hit one. */
  packetHit?(): void;
}

/**
 * One direction of one connection:  source > stub > stub > destination.
 *
 * Bounded: while the destination's buffer or one of the stubs is full, the source is not read, so that at
 * most the sum of the stubs' limits and one chunk is held. As in Toxiproxy there are no half-open
 * connections: the end of the source closes the destination both ways, after what is on its way has been
 * written.
 */
export class Link {
  readonly direction: Direction;
  readonly #source: Socket;
  readonly #destination: Socket;
  readonly #counters: LinkCounters;
  readonly #context: StageContext;
  readonly #stubs: ToxicStub[] = [];
  readonly #writer: Sink;
  #over = false;

  constructor(
    direction: Direction,
    source: Socket,
    destination: Socket,
    toxics: readonly Toxic[],
    options: { random: Random; counters: LinkCounters; close: (socket: Socket) => void },
  ) {
    this.direction = direction;
    this.#source = source;
    this.#destination = destination;
    this.#counters = options.counters;
    this.#context = {
      random: options.random,
      nowMs: () => performance.now(),
      drained: () => this.#readOn(),
      packetHit: () => options.counters.packetHit?.(),
    };
    this.#writer = {
      push: chunk => this.#write(chunk),
      end: () => {
        options.close(destination);
        this.#finish();
      },
    };
    for (const toxic of toxics) this.add(toxic);
    this.#listen();
  }

  /** Adds the toxic at the end of the chain, as in Toxiproxy. */
  add(toxic: Toxic): void {
    if (this.#over) return;
    const stub = new ToxicStub(toxic, this.#writer, this.#context);
    const last = this.#stubs.at(-1);
    if (last !== undefined) last.out = stub;
    this.#stubs.push(stub);
  }

  update(toxic: Toxic): void {
    this.#stubs.find(stub => stub.toxic === toxic)?.run();
  }

  /** Passes on what the toxic holds, then closes the chain behind it. */
  remove(toxic: Toxic): void {
    const index = this.#stubs.findIndex(stub => stub.toxic === toxic);
    const stub = this.#stubs[index];
    if (stub === undefined) return;
    stub.release();
    const before = this.#stubs[index - 1];
    if (before !== undefined) before.out = stub.out;
    this.#stubs.splice(index, 1);
    this.#readOn();
  }

  #listen(): void {
    const { received } = this.#counters;
    this.#source.on('data', (data: Buffer) => {
      received(data.length);
      if (this.#over) return;
      this.#head.push({ data, atMs: this.#context.nowMs() });
      if (!this.#hasRoom()) this.#source.pause();
    });
    const end = () => this.#head.end();
    this.#source.once('end', end);
    this.#source.once('close', end);
    this.#destination.on('drain', () => this.#readOn());
    this.#destination.once('close', () => this.#finish());
    this.#source.resume();
  }

  get #head(): Sink {
    return this.#stubs[0] ?? this.#writer;
  }

  #write(chunk: Chunk): void {
    if (this.#over || !this.#destination.writable) return;
    this.#destination.write(chunk.data);
    this.#counters.sent(chunk.data.length);
  }

  #hasRoom(): boolean {
    return !this.#destination.writableNeedDrain && this.#stubs.every(stub => stub.hasRoom());
  }

  #readOn(): void {
    if (this.#over || this.#hasRoom()) this.#source.resume();
  }

  /** Sends nothing more. The source is still read, and its bytes dropped, only to notice its end. */
  #finish(): void {
    this.#over = true;
    for (const stub of this.#stubs.splice(0)) stub.discard();
    this.#source.resume();
  }
}
