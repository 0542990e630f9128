import type { Logger } from '../runtime/logging/logger.ts';
import type { RatedLog } from '../runtime/logging/rated-log.ts';
import { sessionIdHex } from '../sessions/session-id.ts';

/** The connection, as its lines in the log show it. */
export interface LoggedClient {
  /** host:port */
  readonly remote: string;
  readonly sessionId: bigint;
  readonly stats: { readonly lastOperation: string | null };
  readonly watchBytes: number;
}

/** The lines of the log about one client connection. Those that any client can cause are rate-limited. */
export class ConnectionLog {
  readonly #client: LoggedClient;
  readonly #logger: Logger;
  readonly #lines: RatedLog;

  constructor(client: LoggedClient, { logger, lines }: { logger: Logger; lines: RatedLog }) {
    this.#client = client;
    this.#logger = logger;
    this.#lines = lines;
  }

  /** `warn` is for reasons that a person should see. */
  closed(reason: string, warn: boolean): void {
    const { remote: from, sessionId, stats } = this.#client;
    const fields = { from, session: sessionIdHex(sessionId), last: stats.lastOperation };
    const message = `client connection closed: ${reason}`;
    if (warn) this.#lines.warn('closed client connections', message, fields);
    else this.#logger.debug(message, fields);
  }

  watchRefused(watchBytesOfAll: number): void {
    const { remote: from, sessionId, watchBytes } = this.#client;
    this.#lines.warn(
      'watches that are refused',
      'watch refused: its client, or all clients together, hold too many',
      { from, session: sessionIdHex(sessionId), watchBytes, watchBytesOfAll },
    );
  }
}
