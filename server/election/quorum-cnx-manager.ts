import { ServerError } from '../errors.ts';
import { listenAddresses } from '../membership/quorum-server.ts';
import { listenOnAll } from '../runtime/addresses/listen-on-all.ts';
import { RatedLog } from '../runtime/logging/rated-log.ts';
import type { Address, Connection } from '../runtime/runtime.ts';
import {
  ANONYMOUS_SID,
  encodeEpochAnswer,
  encodeInitialMessage,
  encodeNotification,
  type InitialMessage,
  type Notification,
} from '../wire/election-message.ts';
import { ElectionConnection } from './election-connection.ts';
import { type ElectionMembers, isAtSameAddresses } from './election-members.ts';
import { ElectionPeer, LINKS_MAX } from './election-peer.ts';
import type {
  QuorumCnxManagerDeps,
  QuorumCnxManagerEvents,
  QuorumCnxManagerOptions,
} from './quorum-cnx-options.ts';
import { UnnamedConnections } from './unnamed-connections.ts';

/** Limit on servers that no configuration names, such as observers from elsewhere. */
export const UNKNOWN_PEERS_MAX = 1024;
/**
 * Limit on the bytes kept for connections of servers outside the configuration, all together: messages that
 * are not whole, and what the peers have not taken in. Above it the connection with most bytes is closed.
 */
export const UNKNOWN_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Limit on the addresses at which such a server is dialed: they come from its own message, so a stranger
 * chooses them.
 */
const TOLD_ADDRESSES_MAX = 4;
/** A connection with fewer bytes than this is no reason to examine all others. */
const UNKNOWN_BYTES_MIN = 4096;
const NAMELESS = 'our own name cannot be resolved yet';
/** The larger sid has this long to dial back: ringing again would make it drop the connection on its way. */
const RING_ANSWER_MS = 1000;

/**
 * Keeps one connection to each other server for which there are messages. Of the two connections that a pair
 * may dial, the one dialed by the larger sid is kept: the smaller sid "rings", and is dialed back. The last
 * message is sent again on every new connection. Upstream lets a newcomer end the connection whose sid it
 * claims; here both stay.
 * @see docs/election.md "Connections"; QuorumCnxManager
 */
export class QuorumCnxManager {
  readonly #deps: QuorumCnxManagerDeps;
  readonly #options: QuorumCnxManagerOptions;
  readonly #events: QuorumCnxManagerEvents;
  #members: ElectionMembers;
  readonly #peers = new Map<number, ElectionPeer>();
  readonly #unnamed: UnnamedConnections;
  readonly #ringing = new Set<Connection>();
  readonly #lines: RatedLog;
  #listener: { close(): void } | undefined;
  #nextAnonymousSid = -1;
  #persistent = false;
  #nameless = false;
  #closed = false;

  constructor(deps: QuorumCnxManagerDeps, options: QuorumCnxManagerOptions, events: QuorumCnxManagerEvents) {
    this.#deps = deps;
    this.#lines = new RatedLog(deps);
    this.#options = options;
    this.#unnamed = new UnnamedConnections(deps.clock, this.#lines, options.helloTimeoutMs);
    this.#members = options.members;
    this.#events = events;
  }

  /** Connections, named or not, and dials under way. */
  get connectionCount(): number {
    let count = this.#unnamed.size + this.#ringing.size;
    for (const peer of this.#peers.values()) {
      if (peer.connected || peer.dial !== undefined) count++;
    }
    return count;
  }

  isConnected(sid: number): boolean {
    return this.#peers.get(sid)?.connected ?? false;
  }

  start(): void {
    const { quorumListenOnAllIPs = false } = this.#options;
    const addresses = listenAddresses(this.#ownAddresses, { quorumListenOnAllIPs });
    const plan = { name: 'election port', addresses, triesMax: this.#options.bindTriesMax };
    this.#listener = listenOnAll(this.#deps, plan, {
      onListening: port => {
        this.#appear();
        this.#events.onListening?.(port);
      },
      onUnresolved: () => this.#withdraw(),
      onConnection: connection => this.#accept(connection),
      onGiveUp: error => this.#events.onListenFailed(error),
    });
  }

  /**
   * A server that cannot listen, because its name cannot be resolved yet, must not be elected: the others
   * could not reach it, and would elect it again and again. It stays silent until it listens.
   */
  #withdraw(): void {
    if (this.#nameless) return;
    this.#nameless = true;
    for (const connection of this.#ringing) connection.destroy(NAMELESS);
    for (const peer of this.#peers.values()) {
      peer.stopDialing();
      for (const connection of peer.removeAll()) connection.close(NAMELESS);
    }
  }

  #appear(): void {
    if (!this.#nameless) return;
    this.#nameless = false;
    for (const peer of this.#peers.values()) if (peer.waiting) this.#dial(peer);
  }

  /** Replaces what was waiting for that server, and dials when there is no connection. */
  send(to: number, notification: Notification): void {
    if (this.#closed) return;
    const peer = this.#peerOf(to);
    peer.setNewest(encodeNotification(notification));
    this.#flush(peer);
    if (peer.waiting) this.#dial(peer);
    else this.#listenTo(peer);
  }

  /**
   * The network under the connections of a peer may be down, of which no error tells. So a peer with several
   * addresses that leaves this server's search unanswered is dialed anew at all of them; its connections stay
   * until there is a new one.
   * @see docs/configuration.md "Several addresses"
   */
  #listenTo(peer: ElectionPeer): void {
    const { reachabilityTimeoutMs } = this.#options;
    const places = this.#members.get(peer.sid)?.places ?? [];
    if (reachabilityTimeoutMs === undefined || peer.silence !== undefined) return;
    if (places.every(addresses => addresses.length < 2)) return;
    peer.silence = this.#deps.clock.after(reachabilityTimeoutMs, () => {
      peer.silence = undefined;
      if (this.#persistent && peer.dial === undefined) this.#dialAnew(peer);
    });
  }

  /**
   * While true (the server looks for a leader), a peer that lacks the newest message is dialed again and
   * again.
   */
  setPersistent(persistent: boolean): void {
    this.#persistent = persistent;
    if (!persistent) for (const peer of this.#peers.values()) peer.stopRetrying();
  }

  /**
   * Dials to an address that changed start again at the new one. Connections stay, except those of servers
   * that are no longer members. When its own address has changed, this server listens at the new one.
   */
  setMembers(members: ElectionMembers): void {
    const before = this.#members;
    const { sid } = this.#options;
    this.#members = members;
    if (!isAtSameAddresses(before.get(sid), members.get(sid)) && this.#listener !== undefined) {
      this.#listener.close();
      this.start();
    }
    for (const peer of [...this.#peers.values()]) {
      if (before.has(peer.sid) && !members.has(peer.sid)) {
        this.#dismiss(peer);
        continue;
      }
      if (isAtSameAddresses(before.get(peer.sid), members.get(peer.sid))) continue;
      const dialing = peer.dial !== undefined;
      peer.stopDialing();
      if (dialing) this.#dial(peer);
      else this.#retryLater(peer);
    }
  }

  #dismiss(peer: ElectionPeer): void {
    peer.stopDialing();
    for (const connection of peer.removeAll())
      connection.close('the configuration does not name it any more');
    this.#peers.delete(peer.sid);
  }

  close(): void {
    this.#closed = true;
    this.#listener?.close();
    this.#unnamed.close();
    for (const connection of this.#ringing) connection.destroy('shutdown');
    for (const peer of this.#peers.values()) {
      peer.stopDialing();
      for (const connection of peer.removeAll()) connection.close('shutdown');
    }
    this.#peers.clear();
  }

  #peerOf(sid: number): ElectionPeer {
    let peer = this.#peers.get(sid);
    if (peer === undefined) {
      peer = new ElectionPeer(sid);
      this.#peers.set(sid, peer);
    }
    return peer;
  }

  #flush(peer: ElectionPeer): void {
    const bytes = peer.flush();
    if (bytes > 0) this.#count('sent', peer.sid, bytes);
    if (!this.#members.has(peer.sid))
      for (const connection of peer.connections) this.#boundUnknown(connection);
  }

  /** Called when more bytes may be kept for a connection of a server outside the configuration. */
  #boundUnknown(connection: ElectionConnection): void {
    if (connection.bytesKept < UNKNOWN_BYTES_MIN) return;
    let bytes = 0;
    let greediest = connection;
    for (const each of this.#unknown()) {
      bytes += each.bytesKept;
      if (each.bytesKept > greediest.bytesKept) greediest = each;
    }
    if (bytes > UNKNOWN_BYTES_MAX)
      greediest.giveUp(
        `${bytes} bytes are kept for servers outside the configuration, and most for this one`,
      );
  }

  *#unknown(): Generator<ElectionConnection> {
    yield* this.#unnamed;
    for (const peer of this.#peers.values()) if (!this.#members.has(peer.sid)) yield* peer.connections;
  }

  #count(direction: 'sent' | 'received', sid: number, bytes: number): void {
    const peer = this.#members.has(sid) ? `sid ${sid}` : 'unknown';
    this.#deps.metrics.trafficOf(direction, 'election', peer).add(bytes);
  }

  // Dialing

  #dial(peer: ElectionPeer): void {
    if (peer.complete || peer.dial !== undefined) return;
    this.#dialAnew(peer);
  }

  #dialAnew(peer: ElectionPeer): void {
    if (this.#nameless) return;
    const places = this.#members.get(peer.sid)?.places;
    const addresses = places === undefined ? peer.ownAddresses : peer.next(places);
    if (addresses.length === 0) {
      this.#forgetIfUnknown(peer);
      return;
    }
    peer.retry?.cancel();
    peer.retry = undefined;
    peer.dial = this.#deps.network.introduce(addresses, this.#options.cnxTimeoutMs, this.#introduction, {
      onConnected: connection => this.#onDialed(peer, connection),
      onError: error => {
        peer.dial = undefined;
        this.#deps.logger.debug('election peer not reached', { sid: peer.sid, reason: error.message });
        this.#retryLater(peer);
      },
    });
  }

  #onDialed(peer: ElectionPeer, connection: Connection): void {
    peer.dial = undefined;
    if (this.#options.tcpKeepAlive) connection.keepAlive();
    if (this.#options.sid > peer.sid) {
      // The peer answered at its own address, so it is that server, and its earlier connections have ended on
      // its side.
      const earlier = peer.removeAll();
      this.#use(peer, this.#wrap(peer, connection));
      for (const each of earlier) each.close('replaced by a newer connection');
    } else {
      this.#ring(connection);
      this.#retryLater(peer, RING_ANSWER_MS);
    }
  }

  /** Our initial message is all that the larger sid takes from this connection; it dials back. */
  #ring(connection: Connection): void {
    this.#ringing.add(connection);
    connection.start({ onData: () => {}, onClose: () => this.#ringing.delete(connection) });
    connection.end();
  }

  get #introduction(): Buffer {
    const { sid, multiAddressEnabled } = this.#options;
    return encodeInitialMessage(sid, this.#ownAddresses, multiAddressEnabled ? 2 : 1);
  }

  /** @throws ServerError ZK_CONFIG_MISSING */
  get #ownAddresses(): readonly [Address, ...Address[]] {
    const [first, ...others] = this.#members.get(this.#options.sid)?.places[0] ?? [];
    if (first !== undefined) return [first, ...others];
    throw new ServerError('ZK_CONFIG_MISSING', `server ${this.#options.sid} has no election address`);
  }

  #wrap(peer: ElectionPeer, connection: Connection): ElectionConnection {
    const wrapped = new ElectionConnection(
      connection,
      false,
      this.#eventsOf(peer, () => wrapped),
    );
    wrapped.start();
    return wrapped;
  }

  #retryLater(peer: ElectionPeer, atLeastMs = 0): void {
    if (this.#closed || peer.complete || peer.dial !== undefined) return;
    this.#forgetIfUnknown(peer);
    const wanted = this.#persistent && peer.waiting && this.#members.has(peer.sid);
    if (!wanted || peer.retry !== undefined) return;
    peer.retry = this.#deps.clock.after(Math.max(peer.retryDelayMs, atLeastMs), () => {
      peer.retry = undefined;
      this.#dial(peer);
    });
    peer.retryDelayMs = Math.min(peer.retryDelayMs * 2, this.#options.cnxTimeoutMs);
  }

  #forgetIfUnknown(peer: ElectionPeer): void {
    if (!this.#members.has(peer.sid) && !peer.connected) this.#peers.delete(peer.sid);
  }

  // Accepting

  #accept(connection: Connection): void {
    if (this.#closed) {
      connection.destroy('shutdown');
      return;
    }
    if (this.#options.tcpKeepAlive) connection.keepAlive();
    this.#unnamed.makeRoom();
    let named: ElectionPeer | undefined;
    const accepted = new ElectionConnection(connection, true, {
      onInitialMessage: message => {
        named = this.#onInitialMessage(accepted, message);
      },
      onEpochQuestion: () => this.#epochAnswer(),
      onNotification: (notification, bytes) => {
        if (named !== undefined) this.#onNotification(named, notification, bytes);
      },
      onPart: () => {
        if (named === undefined || !this.#members.has(named.sid)) this.#boundUnknown(accepted);
      },
      onDrain: () => named && this.#onDrain(named, accepted),
      onClosed: (reason, malformed) => {
        if (named !== undefined) this.#onClosed(named, accepted, reason, malformed);
        else this.#unnamed.onClosed(accepted, reason, malformed);
      },
    });
    this.#unnamed.add(accepted);
    accepted.start();
  }

  #epochAnswer(): Buffer {
    const { sid, acceptedEpoch } = this.#options;
    return encodeEpochAnswer({ sid, acceptedEpoch: acceptedEpoch() });
  }

  /** The peer that the connection now belongs to, or undefined when the connection was closed. */
  #onInitialMessage(connection: ElectionConnection, message: InitialMessage): ElectionPeer | undefined {
    this.#unnamed.forget(connection);
    const sid = message.sid === ANONYMOUS_SID ? this.#nextAnonymousSid-- : message.sid;
    const reason = this.#refusal(sid);
    if (reason !== undefined) {
      this.#unnamed.drop(connection, reason);
      return undefined;
    }
    const peer = this.#peerOf(sid);
    const toldMax = this.#options.multiAddressEnabled ? TOLD_ADDRESSES_MAX : 1;
    if (sid >= 0) peer.ownAddresses = message.addresses.slice(0, toldMax);
    if (sid >= 0 && sid < this.#options.sid) {
      connection.finish();
      this.#dialBack(peer);
      return undefined;
    }
    this.#use(peer, connection);
    return peer;
  }

  #refusal(sid: number): string | undefined {
    if (sid === this.#options.sid) return `it has our own id ${sid}: two servers share one myid`;
    if (this.#members.has(sid) || this.#peers.has(sid)) return undefined;
    let unknown = 0;
    for (const known of this.#peers.keys()) if (!this.#members.has(known)) unknown++;
    return unknown < UNKNOWN_PEERS_MAX
      ? undefined
      : `${unknown} servers outside the configuration are connected`;
  }

  /**
   * A smaller sid rings only when it has no connection, so an existing connection is dead on its side. It
   * still stays until there is a new one, because somebody else may have rung.
   */
  #dialBack(peer: ElectionPeer): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (peer.dial !== undefined || (peer.connected && nowMs - peer.dialedBackMs < RING_ANSWER_MS)) return;
    peer.dialedBackMs = nowMs;
    this.#dialAnew(peer);
  }

  #use(peer: ElectionPeer, connection: ElectionConnection): void {
    peer.stopDialing();
    peer.add(connection)?.close(`${LINKS_MAX} newer connections say that they are server ${peer.sid}`);
    this.#flush(peer);
  }

  // Connected

  #eventsOf(peer: ElectionPeer, connection: () => ElectionConnection) {
    return {
      onInitialMessage: () => {},
      onEpochQuestion: () => this.#epochAnswer(),
      onNotification: (notification: Notification, bytes: number) =>
        this.#onNotification(peer, notification, bytes),
      onPart: () => {
        if (!this.#members.has(peer.sid)) this.#boundUnknown(connection());
      },
      onDrain: () => this.#onDrain(peer, connection()),
      onClosed: (reason: string, malformed: boolean) => this.#onClosed(peer, connection(), reason, malformed),
    };
  }

  #onNotification(peer: ElectionPeer, notification: Notification, bytes: number): void {
    this.#count('received', peer.sid, bytes);
    peer.stopListening();
    this.#events.onNotification(peer.sid, notification);
  }

  #onDrain(peer: ElectionPeer, connection: ElectionConnection): void {
    peer.unblock(connection);
    this.#flush(peer);
  }

  #onClosed(peer: ElectionPeer, connection: ElectionConnection, reason: string, malformed: boolean): void {
    if (!peer.remove(connection)) return;
    const fields = { sid: peer.sid, remote: connection.remote, reason };
    if (malformed)
      this.#lines.warn('closed election connections', 'an election connection was closed', fields);
    else this.#deps.logger.debug('an election connection was closed', fields);
    this.#retryLater(peer);
  }
}
