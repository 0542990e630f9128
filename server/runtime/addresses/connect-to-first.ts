import type { Address, ConnectEvents, Connection, Network, Timer } from '../runtime.ts';

/** Limit on dials at once; each that fails makes room for one more. */
export const DIALS_AT_ONCE_MAX = 16;

export interface FirstEvents {
  onConnected(connection: Connection, address: Address): void;
  /** None of them answered; the error of the last. */
  onError(error: Error): void;
}

/**
 * Dials the addresses of one server at once and takes the first that answers: a network that is down costs no
 * time. Exactly one event, unless cancelled first. There is at least one address. `timeoutMs` bounds each
 * dial.
 */
export function connectToFirst(
  network: Pick<Network, 'connect'>,
  addresses: readonly Address[],
  timeoutMs: number,
  events: FirstEvents,
): Timer {
  const open = new Set<Timer>();
  let next = 0;
  let isOver = false;
  const cancel = (): void => {
    isOver = true;
    for (const dial of open) dial.cancel();
    open.clear();
  };
  const dialNext = (): void => {
    const address = addresses[next++]!;
    const attempt: ConnectEvents = {
      onConnected: connection => {
        open.delete(dial);
        if (isOver) connection.destroy('another address has answered');
        else {
          cancel();
          events.onConnected(connection, address);
        }
      },
      onError: error => {
        open.delete(dial);
        if (isOver) return;
        if (next < addresses.length) dialNext();
        else if (open.size === 0) {
          isOver = true;
          events.onError(error);
        }
      },
    };
    const dial: Timer = network.connect(address, timeoutMs, attempt);
    open.add(dial);
  };
  while (next < Math.min(addresses.length, DIALS_AT_ONCE_MAX)) dialNext();
  return { cancel };
}
