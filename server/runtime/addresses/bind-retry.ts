import { ServerError } from '../../errors.ts';
import type { Logger } from '../logging/logger.ts';
import { RatedLog } from '../logging/rated-log.ts';
import type {
  Address,
  Clock,
  Connection,
  ListenEvents,
  Listener,
  Network,
  PortSecurity,
  Timer,
} from '../runtime.ts';
import { formatAddress, isUnresolved } from './host-address.ts';

/** Time in ms between two tries, as upstream. A process that ended a moment ago may still hold the port. */
const BIND_RETRY_MS = 1000;

export interface BindRetryParts {
  readonly network: Pick<Network, 'listen'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface PortPlan {
  /** The name of the port in messages, such as "election port". */
  readonly name: string;
  readonly address: Address;
  /** electionPortBindRetry: the number of tries in all; 0: no limit. */
  readonly triesMax: number;
  readonly backlog?: number | undefined;
  readonly security?: PortSecurity;
  readonly forClients?: boolean;
  /** Consecutive failures. The object is shared by several attempts to listen, so that they add up. */
  readonly failures?: { count: number };
}

export interface PortEvents {
  onListening?(port: number): void;
  /** The host name cannot be resolved yet. It is tried again. */
  onUnresolved?(): void;
  onConnection(connection: Connection): void;
  /** Called with ZK_LISTEN after the last try. */
  onGiveUp(error: ServerError): void;
}

/**
 * Listens, and tries again while the port cannot be bound. It logs the first failure and hands over the
 * last. There is no limit on tries for a host that cannot be resolved (ZOOKEEPER-2184).
 */
export function listenWithRetry(
  { network, clock, logger }: BindRetryParts,
  { name, address, triesMax, backlog, security, forClients = false, failures = { count: 0 } }: PortPlan,
  events: PortEvents,
): { close(): void } {
  const port = `${name} ${formatAddress(address)}`;
  const lines = new RatedLog({ logger, clock });
  let listener: Listener | undefined;
  let retry: Timer | undefined;
  let closed = false;
  const onError = (error: Error): void => {
    if (closed) return;
    // Names of containers may come later than the containers. That is no failure of the port, and the look-up
    // logs it.
    if (isUnresolved(error)) {
      events.onUnresolved?.();
      retry = clock.after(BIND_RETRY_MS, listen);
      return;
    }
    const tries = ++failures.count;
    if (triesMax > 0 && tries >= triesMax) {
      const message = `${port} cannot be bound: ${error.message}`;
      events.onGiveUp(new ServerError('ZK_LISTEN', message, { ...address, tries }, error));
      return;
    }
    if (tries === 1) logger.warn(`${port} cannot be bound yet: ${error.message}`, { triesMax });
    retry = clock.after(BIND_RETRY_MS, listen);
  };
  const attempt: ListenEvents = {
    forClients,
    onListening: bound => {
      failures.count = 0;
      events.onListening?.(bound);
    },
    onConnection: connection => events.onConnection(connection),
    onRefused: ({ host }, reason, code = 'ZK_TLS_PEER') =>
      lines.warn(`strangers to the ${name}`, `${name}: a peer is refused: ${reason}`, { code, from: host }),
    onError,
  };
  const listen = (): void => {
    listener = network.listen(address, attempt, { backlog, security });
  };
  listen();
  return {
    close() {
      closed = true;
      retry?.cancel();
      listener?.close();
    },
  };
}
