import type { ProviderRegistry } from '../auth/provider-registry.ts';
import type { ServerEvents } from '../metrics/server-events.ts';
import type { ZooKeeperServer } from '../processors/zookeeper-server.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { RatedLog } from '../runtime/logging/rated-log.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import type { InputLedger } from './buffers/input-ledger.ts';
import type { OutputLedger } from './buffers/output-ledger.ts';

/** What a connection, of type `C`, needs from its port. */
export interface ConnectionHost<C> {
  readonly logger: Logger;
  /** Rate-limited log, for lines that any client can cause. */
  readonly lines: RatedLog;
  readonly events: ServerEvents;
  readonly providers: ProviderRegistry;
  /** The largest frame a client may send. jute.maxbuffer */
  readonly frameBytesMax: number;
  readonly sessionTimeouts: { readonly minMs: number; readonly maxMs: number };
  /** Divides the turns of the loop among all connections. */
  readonly turns: TurnQueue;
  /** Accounts for the input and the output that the server holds for all clients. */
  readonly input: InputLedger;
  readonly outputs: OutputLedger;
  /** The server holds more than its limit: the connections that hold most are closed. */
  relieve(): void;
  /** The server behind the port; null while none serves. */
  server(): ZooKeeperServer | null;
  closed(connection: C): void;
}
