import type { X509Certificate } from 'node:crypto';
import { connect, isIP, type Socket } from 'node:net';
import { formatAddress } from '../addresses/host-address.ts';
import type { NameLookup } from '../addresses/name-lookup.ts';
import type { Address, Clock, Timer } from '../runtime.ts';
import type { SecureDialler } from '../tls/node-tls.ts';
import { handshakeReason, TlsRefusal } from '../tls/tls-refusal.ts';
import { DELAY_MS_MAX } from './node-clock.ts';

export interface DialEvents {
  /** With the certificate of the peer, when it is dialled with TLS. */
  onSocket(socket: Socket, certificate: X509Certificate | null): void;
  onError(error: Error): void;
}

export interface DialParts {
  readonly clock: Clock;
  readonly names: NameLookup;
  /** Dials with TLS. The timeout includes the handshake. */
  readonly secure?: SecureDialler | undefined;
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
      onSocket: (socket, certificate) => events.onSocket(socket, certificate),
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
  const tls = secure?.open(address);
  const socket = tls ?? connect({ host, port, noDelay: true });
  let settled = false;
  let isReached = false;
  let judgement = { cancel() {} };
  const timer = setTimeout(
    () => {
      const error = late();
      giveUp(isReached ? new TlsRefusal(`${error.message}: it does not answer the handshake`) : error);
    },
    Math.max(0, waitMs),
  );
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    judgement.cancel();
    if (tls === undefined) socket.removeAllListeners();
    else tls.off('error', fail).off('connect', reached).off('secureConnect', shaken);
    return true;
  };
  const leave = (): boolean => {
    if (!settle()) return false;
    socket.on('error', () => {});
    socket.destroy();
    return true;
  };
  const giveUp = (error: Error): void => {
    if (leave()) events.onError(error);
  };
  const fail = (error: Error): void =>
    giveUp(isReached ? new TlsRefusal(handshakeReason(error), { cause: error }) : error);
  const ready = (certificate: X509Certificate | null): void => {
    if (settle()) events.onSocket(socket, certificate);
  };
  const reached = (): void => {
    isReached = true;
  };
  const shaken = (): void => {
    if (tls === undefined || secure === undefined) return;
    judgement = secure.judge(tls, verdict =>
      verdict instanceof TlsRefusal ? giveUp(verdict) : ready(verdict),
    );
  };
  socket.on('error', fail);
  if (tls === undefined) socket.on('connect', () => ready(null));
  else tls.on('connect', reached).on('secureConnect', shaken);
  return leave;
}
