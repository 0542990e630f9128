import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { NameLookup } from '../addresses/name-lookup.ts';
import { oldestOfBusiestHost } from '../busiest-host.ts';
import type { Address, PortSecurity, SecurityContext } from '../runtime.ts';
import { listenerOptions } from './node-tls.ts';
import { checkPeerHost } from './peer-host.ts';
import { peekTls } from './tls-peek.ts';
import { certificateReason, handshakeReason } from './tls-refusal.ts';
import { connectionKey, TlsVisit } from './tls-visit.ts';

/** Longest time in ms from the accepted socket to the connection, whatever the peer sends. */
export const HANDSHAKE_MS_MAX = 10_000;
/**
 * Limit on the peers of a port that are neither accepted nor refused yet. Above it the host with most loses
 * its oldest.
 */
export const HANDSHAKES_MAX = 256;

export interface DoorEvents {
  /** With the certificate of the peer, if it has shown one. */
  onSocket(socket: Socket, certificate: X509Certificate | null): void;
  onRefused(from: Address, reason: string): void;
}

/**
 * Sockets accepted on a secured port, until their peers are accepted or refused. At most one handshake
 * begins in a turn of the loop: it costs as much as many requests, and anybody can ask for one.
 */
export class TlsDoor {
  readonly #security: PortSecurity;
  readonly #names: NameLookup;
  readonly #events: DoorEvents;
  /** By the key of the connection, oldest first. */
  readonly #visits = new Map<string, TlsVisit>();
  /** Visits whose handshake has not begun, oldest first. */
  readonly #line = new Set<TlsVisit>();
  #turn: NodeJS.Immediate | undefined;
  #context: SecurityContext;
  #server: Server;

  /** @throws when the context's PEM is invalid */
  constructor(security: PortSecurity, names: NameLookup, events: DoorEvents) {
    this.#security = security;
    this.#names = names;
    this.#events = events;
    this.#context = security.context();
    this.#server = this.#serverOf(this.#context);
  }

  take(socket: Socket): void {
    const visit = new TlsVisit(socket, HANDSHAKE_MS_MAX, () =>
      this.#refuse(visit, `it has not finished the handshake within ${HANDSHAKE_MS_MAX} ms`),
    );
    this.#visits.set(visit.key, visit);
    // A peer that leaves is not reported as refused: a member gives up a dial when another connection is
    // there first.
    socket.once('close', () => this.#settle(visit));
    this.#look(visit);
    if (this.#visits.size <= HANDSHAKES_MAX) return;
    const leaving = oldestOfBusiestHost([...this.#visits.values()], ({ from }) => from.host);
    if (leaving !== undefined) this.#refuse(leaving, `${HANDSHAKES_MAX} newer handshakes are under way`);
  }

  /** Waits for the first bytes. */
  #look(visit: TlsVisit): void {
    const { acceptsPlain, detectionMs } = this.#security;
    const { socket } = visit;
    const onEnd = (): void => this.#leave(visit);
    const silence = setTimeout(() => {
      if (acceptsPlain) this.#accept(visit, socket);
      else this.#refuse(visit, `it has not begun a handshake within ${detectionMs} ms`);
    }, detectionMs);
    const peek = peekTls(socket, isTls => {
      if (isTls) this.#standInLine(visit);
      else if (acceptsPlain) this.#accept(visit, socket);
      else this.#refuse(visit, 'it does not speak TLS');
    });
    socket.once('end', onEnd);
    visit.waitFor({
      cancel() {
        clearTimeout(silence);
        peek.cancel();
        socket.off('end', onEnd);
      },
    });
  }

  #standInLine(visit: TlsVisit): void {
    visit.waitFor({ cancel: () => this.#line.delete(visit) });
    this.#line.add(visit);
    this.#turn ??= setImmediate(() => this.#begin());
  }

  #begin(): void {
    this.#turn = undefined;
    const [visit] = this.#line;
    if (visit === undefined) return;
    this.#line.delete(visit);
    if (this.#line.size > 0) this.#turn = setImmediate(() => this.#begin());
    // Or the end of a peer in its handshake would go unnoticed.
    visit.socket.allowHalfOpen = false;
    const context = this.#security.context();
    if (context !== this.#context) {
      this.#context = context;
      this.#server = this.#serverOf(context);
    }
    this.#server.emit('connection', visit.socket);
  }

  #serverOf(context: SecurityContext): Server {
    const server = createServer(listenerOptions(context));
    server.on('tlsClientError', (error, socket) => {
      const visit = this.#visits.get(connectionKey(socket));
      // A closed socket has no addresses any more: the close of what it ran over follows.
      if (visit !== undefined) this.#refuse(visit, handshakeReason(error));
    });
    server.on('secureConnection', socket => {
      const visit = this.#visits.get(connectionKey(socket));
      if (visit === undefined) socket.destroy();
      else this.#judge(visit, socket, context);
    });
    return server;
  }

  #judge(visit: TlsVisit, socket: TLSSocket, { peer, verifiesHost, revocation }: SecurityContext): void {
    socket.allowHalfOpen = true;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      if (peer === 'need') this.#refuse(visit, 'it shows no certificate');
      else this.#accept(visit, socket);
      return;
    }
    if (!socket.authorized) {
      this.#refuse(visit, certificateReason(String(socket.authorizationError), certificate));
      return;
    }
    socket.on('error', ignore);
    const done = (reason: string | null): void => {
      socket.off('error', ignore);
      if (reason === null) this.#accept(visit, socket, certificate);
      else this.#refuse(visit, reason);
    };
    const checkHost = (): void => {
      const host = { name: undefined, address: visit.from.host };
      if (verifiesHost) visit.waitFor(checkPeerHost(certificate, host, this.#names, done));
      else done(null);
    };
    if (revocation === undefined) checkHost();
    else visit.waitFor(revocation(certificate, reason => (reason === null ? checkHost() : done(reason))));
  }

  #accept(visit: TlsVisit, socket: Socket, certificate: X509Certificate | null = null): void {
    if (this.#settle(visit)) this.#events.onSocket(socket, certificate);
  }

  #refuse(visit: TlsVisit, reason: string): void {
    if (!this.#settle(visit)) return;
    visit.drop();
    this.#events.onRefused(visit.from, reason);
  }

  #leave(visit: TlsVisit): void {
    if (this.#settle(visit)) visit.drop();
  }

  #settle(visit: TlsVisit): boolean {
    if (this.#visits.get(visit.key) === visit) this.#visits.delete(visit.key);
    return visit.settle();
  }

  /** Drops the handshakes under way. */
  close(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    for (const visit of [...this.#visits.values()]) this.#leave(visit);
  }
}

function ignore(): void {}
