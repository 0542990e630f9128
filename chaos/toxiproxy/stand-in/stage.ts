import type { Random } from '../../../server/runtime/runtime.ts';

/** Node.js fires a timer longer than this (24.8 days) at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** Bytes on their way through a link. */
export interface Chunk {
  readonly data: Buffer;
  /** When they were read, or last left a delay: ms on a monotonic clock. */
  readonly atMs: number;
}

export interface Sink {
  push(chunk: Chunk): void;
  /** No more bytes follow, and the connection behind is to be closed. Later calls have no effect. */
  end(): void;
}

/** What a stage may use of the world around it. */
export interface StageContext {
  readonly random: Random;
  nowMs(): number;
  /** The stage holds less than before, so the link may resume reading. */
  drained(): void;
  /** The stage has acted on a packet. */
  packetHit(): void;
}

/**
 * One toxic acting on one direction of one connection. Between `run` and `release` it decides what happens to
 * the bytes; before and after, the link routes them past it.
 */
export interface ToxicStage extends Sink {
  /** Acts with the attributes as they are now: called when the toxic is added, and after each change. */
  run(): void;
  /** Passes on in order what it still holds, and stops its timers. */
  release(): void;
  /** The connection is gone: drops what it holds, and stops its timers. */
  discard(): void;
  /** False asks the link to stop reading until `drained`. */
  hasRoom(): boolean;
}

/** A kind of toxic: one per file of toxics/. All attributes of all toxics are integers. */
export interface ToxicType<Attribute extends string = string> {
  readonly type: string;
  /** Names as in Toxiproxy's JSON. A missing attribute is 0. */
  readonly attributes: readonly Attribute[];
  /** Removing this toxic closes the connections that it was on. */
  readonly closesOnRemoval?: boolean;
  /** Connections made while this toxic exists end with RST, whichever side ends them. */
  readonly resetsConnections?: boolean;
  /** `attributes` is the toxic's own record. It changes in place, and then `run` is called. */
  stage(attributes: Readonly<Record<Attribute, number>>, out: Sink, context: StageContext): ToxicStage;
}
