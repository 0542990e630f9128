import type { ReadSession } from '../../processors/final-request-processor.ts';
import type { ServerCnxn } from '../../processors/server-cnxn.ts';
import type { ClientOutput } from '../buffers/client-output.ts';
import type { InputHolder } from '../buffers/input-ledger.ts';
import type { ReadGate } from '../buffers/read-gate.ts';
import type { ClientIdentities } from '../client-identities.ts';
import type { ConnectionStats } from '../connection-stats.ts';

/** The connection, as the requests of its session use it. */
export interface SessionClient extends ServerCnxn, ReadSession, InputHolder {
  readonly sessionId: bigint;
  /** host:port */
  readonly remote: string;
  /** Monotonic ms at which the bytes that are being taken came. */
  readonly arrivedMs: number;
  readonly stats: ConnectionStats;
  readonly gate: ReadGate;
  readonly output: ClientOutput;
  readonly ids: ClientIdentities;
  /** There is something to answer or to take. */
  wake(): void;
  /** The client does not keep up: nothing more is answered before it has read what waits for it. */
  relieve(): void;
  /** After the last reply of a closed session. */
  end(): void;
  /** Bytes made so far of an answer that takes several turns. 0: it was sent, or nobody wants it any more. */
  keepsAnswer(bytes: number): void;
  /** The client may not have the watch that it asked for. */
  watchRefused(): void;
  /** `warn` is for reasons that a person should see in the log. */
  close(reason: string, warn?: boolean): void;
}
