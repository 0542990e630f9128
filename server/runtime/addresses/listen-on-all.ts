import type { Address } from '../runtime.ts';
import { type BindRetryParts, listenWithRetry, type PortEvents, type PortPlan } from './bind-retry.ts';
import { formatAddress } from './host-address.ts';

/** Consecutive failures to bind, by address. Several attempts to listen share the object. */
export type PortFailures = Map<string, { count: number }>;

export interface PortsPlan extends Omit<PortPlan, 'address' | 'failures'> {
  /** At least one. */
  readonly addresses: readonly Address[];
  readonly failures?: PortFailures;
}

/**
 * Listens on several addresses of one server. One that cannot be bound is an error in the log while there is
 * another; without any, the events are those of the last one.
 */
export function listenOnAll(
  parts: BindRetryParts,
  { addresses, failures = new Map(), ...plan }: PortsPlan,
  events: PortEvents,
): { close(): void } {
  const listening = new Set<Address>();
  let left = addresses.length;
  const listeners = addresses.map(address =>
    listenWithRetry(
      parts,
      { ...plan, address, failures: failuresAt(failures, address) },
      {
        onListening: port => {
          listening.add(address);
          events.onListening?.(port);
        },
        onUnresolved: () => {
          if (listening.size === 0) events.onUnresolved?.();
        },
        onConnection: connection => events.onConnection(connection),
        onGiveUp: error => {
          if (--left === 0) events.onGiveUp(error);
          else parts.logger.error(`${error.message}; this server goes on with its other addresses`);
        },
      },
    ),
  );
  return {
    close() {
      for (const listener of listeners) listener.close();
    },
  };
}

function failuresAt(failures: PortFailures, address: Address): { count: number } {
  const key = formatAddress(address);
  const known = failures.get(key) ?? { count: 0 };
  failures.set(key, known);
  return known;
}
