import type { StreamMessage } from '../stream/stream-message.ts';

export interface SinkOptions {
  /** Address of the broker; may be empty for a module of your own. */
  readonly url: string;
  /** Name of the stream at the broker. */
  readonly name: string;
  readonly password: string | undefined;
  /**
   * The sink calls it when the connection to the broker is lost while nothing is sent. `reason` is a
   * sentence.
   */
  readonly onLost: (reason: string) => void;
}

/**
 * A broker that stores a commit stream. The plug-in makes one sink in its life, opens it, asks once for the
 * position, and then sends one batch after the other. Any error ends the plug-in, and the observer starts
 * another one. The message of an error is a sentence for an operator.
 */
export interface Sink {
  /** Connects, and makes the stream if the broker does not have it. */
  open(): Promise<void>;
  /** The zxid of the last message that the broker has; null when it has none. */
  position(): Promise<number | null>;
  /**
   * Stores messages in this order, directly behind the last one that this sink knows of. If anybody else has
   * appended since, it stores none of them and fails. When it fails in the middle, the broker has the first
   * of them and none behind the first that is missing.
   */
  send(messages: readonly StreamMessage[]): Promise<void>;
  close(): Promise<void>;
}

export type CreateSink = (options: SinkOptions) => Sink;

/** What the first line of an error says is enough; the rest is a stack. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? '';
}

/** The error for a stream in which another publisher has written where this one should continue. */
export function heldByAnother(name: string, url: string): Error {
  return new Error(
    `another publisher has appended to the stream ${name} at ${url}: this one stops, and looks where the stream ends`,
  );
}

export function notOurs(name: string, url: string, what: string): Error {
  return new Error(
    `the stream ${name} at ${url} is no commit stream: ${what}; accepted is an empty stream, or one that a commit stream has filled`,
  );
}
