import { connect, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { formatAddress } from './host-address.ts';
import type { NameLookup } from './name-lookup.ts';
import { DELAY_MS_MAX } from './node-clock.ts';
import type { Address, Clock, Timer } from './runtime.ts';

export interface DialEvents {
  onSocket(socket: Socket): void;
  onError(error: Error): void;
}

export interface DialParts {
  readonly clock: Clock;
  readonly names: NameLookup;
  /** Dials with TLS. The timeout includes the handshake. */
  readonly secure?: ((address: Address) => TLSSocket) | undefined;
}

/**
 * Connects to a host at one of its addresses, tried one after the other. Each gets a share of the remaining
 * time, so that one that never answers leaves some for the next.
 */
export function dial(
  { clock, names, secure }: DialParts,
  target: Address,
  timeoutMs: number,
  events: DialEvents,
): Timer {
  const deadlineMs = clock.monotonicMs() + Math.min(timeoutMs, DELAY_MS_MAX);
  let cancelCurrent = () => {};

  const tryFrom = (addresses: readonly string[], at: number): void => {
    const leftMs = deadlineMs - clock.monotonicMs();
    const host = addresses[at]!;
    const isLast = at === addresses.length - 1;
    const failed = (error: Error): void => {
      if (isLast || clock.monotonicMs() >= deadlineMs) events.onError(error);
      else tryFrom(addresses, at + 1);
    };
    const late = (): Error =>
      isLast
        ? new Error(`no connection within ${timeoutMs} ms`)
        : new Error(`no answer from ${formatAddress({ host, port: target.port })}`);
    cancelCurrent = attempt({ host, port: target.port }, leftMs / (addresses.length - at), late, secure, {
      onSocket: socket => events.onSocket(socket),
      onError: failed,
    });
  };

  if (isIP(target.host) !== 0) {
    tryFrom([target.host], 0);
    return { cancel: () => cancelCurrent() };
  }
  const late = setTimeout(() => {
    lookup.cancel();
    events.onError(new Error(`no connection within ${timeoutMs} ms: ${target.host} is not resolved yet`));
  }, deadlineMs - clock.monotonicMs());
  const lookup = names.find(target.host, (error, addresses) => {
    clearTimeout(late);
    if (error !== null) events.onError(error);
    else tryFrom(addresses, 0);
  });
  cancelCurrent = () => {
    clearTimeout(late);
    lookup.cancel();
  };
  return { cancel: () => cancelCurrent() };
}

/** Tries one address: exactly one event, unless the returned function is called first. */
function attempt(
  address: Address,
  waitMs: number,
  late: () => Error,
  secure: DialParts['secure'],
  events: DialEvents,
): () => void {
  const { host, port } = address;
  const socket = secure === undefined ? connect({ host, port, noDelay: true }) : secure(address);
  const timer = setTimeout(() => fail(late()), Math.max(0, waitMs));
  let settled = false;
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    if (secure === undefined) socket.removeAllListeners();
    else socket.off('error', fail).off('secureConnect', ready);
    return true;
  };
  const giveUp = (): boolean => {
    if (!settle()) return false;
    socket.on('error', () => {});
    socket.destroy();
    return true;
  };
  const fail = (error: Error): void => {
    if (giveUp()) events.onError(error);
  };
  const ready = (): void => {
    if (settle()) events.onSocket(socket);
  };
  socket.on('error', fail);
  socket.on(secure === undefined ? 'connect' : 'secureConnect', ready);
  return giveUp;
}
