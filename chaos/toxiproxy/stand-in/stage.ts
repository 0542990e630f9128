import type { Random } from '../../../server/runtime/runtime.ts';

/** Node.js fires at once what is to come later than this, 24.8 days. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** Bytes on their way through a link. */
export interface Chunk {
  readonly data: Buffer;
  /** When they were read, or last left a delay: ms on a monotonic clock. */
  readonly atMs: number;
}

export interface Sink {
  push(chunk: Chunk): void;
  /** No more bytes: the connection behind is to be closed. Later calls have no effect. */
  end(): void;
}

/** What a stage may use of the world around it. */
export interface StageContext {
  readonly random: Random;
  nowMs(): number;
  /** The stage holds less than before: the link may read on. */
  drained(): void;
}

/**
 * One toxic at work on one direction of one connection. Between `run` and `release` it decides what becomes
 * of the bytes; before and after, the link leads them past it.
 */
export interface Stage extends Sink {
  /** Works with the attributes as they are now: when the toxic arrives, and again after each change. */
  run(): void;
  /** Hands on, in order, what it still holds, and stops its timers. */
  release(): void;
  /** The connection is gone: forgets what it holds, and stops its timers. */
  discard(): void;
  /** False asks the link to stop reading until `drained`. */
  hasRoom(): boolean;
}

/** A kind of toxic: one per file of toxics/. All attributes of all toxics are integers. */
export interface ToxicType<Attribute extends string = string> {
  readonly type: string;
  /** Names as in Toxiproxy's JSON; one that is not given is 0. */
  readonly attributes: readonly Attribute[];
  /** Taking this toxic away closes the connections it was on. */
  readonly closesOnRemoval?: boolean;
  /** Connections made while this toxic is there end with RST, whoever ends them. */
  readonly resetsConnections?: boolean;
  /** `attributes` is the toxic's own record: it changes under the stage, which is then told to `run`. */
  stage(attributes: Readonly<Record<Attribute, number>>, out: Sink, context: StageContext): Stage;
}
