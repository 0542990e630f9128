import type { QuorumSource } from '../membership/joint-quorum.ts';
import type { Request } from '../processors/request.ts';
import type { ServerCnxn } from '../processors/server-cnxn.ts';
import { type ServerParts, ZooKeeperServer } from '../processors/zookeeper-server.ts';
import { parseTxnPacket } from '../storage/parse-txn.ts';
import { resultOf } from '../tree/txn-result.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { KeeperState } from '../wire/watch-event.ts';

/**
 * The server of an observer without a master: it answers the reads of local sessions whose clients have said
 * that read-only is enough, and refuses everything else. @see docs/read-only.md; ReadOnlyZooKeeperServer
 */
export class ReadOnlyZooKeeperServer extends ZooKeeperServer {
  readonly #shownZxid: number;
  /**
   * Another master may take over soon. Until then no client is told of the loss: reads are answered, and
   * writes, new clients and clients that could not stay all wait.
   */
  #isSeeking: boolean;
  readonly #undecided = new Set<ServerCnxn>();

  /** `shownZxid`: the highest zxid that the former server has told its clients. */
  constructor(parts: ServerParts, membership: QuorumSource, shownZxid: number, isSeeking: boolean) {
    super(parts, membership);
    this.#shownZxid = shownZxid;
    this.#isSeeking = isSeeking;
    if (!isSeeking) this.events.nameState(KeeperState.connectedReadOnly);
  }

  get mode(): 'observer' | 'read-only' {
    return this.#isSeeking ? 'observer' : 'read-only';
  }

  override get isReadOnly(): boolean {
    return !this.#isSeeking;
  }

  override get lastProcessedZxid(): number {
    return Math.max(super.lastProcessedZxid, this.#shownZxid);
  }

  /** Nobody can say whether the abandoned requests were carried out. */
  override get codeOfAbandoned(): number {
    return this.#isSeeking ? ErrorCode.CONNECTIONLOSS : ErrorCode.NOTREADONLY;
  }

  get globalSessions(): number {
    return this.parts.database.sessionTimeouts.size;
  }

  get hasRoom(): boolean {
    return !this.#isSeeking;
  }

  /** No other master was found in time: the server is read-only from now on, and says so. */
  endSeeking(): void {
    this.#isSeeking = false;
    // Waiting events are sent first, because they came before this change of state.
    this.crowd.settle();
    this.events.nameState(KeeperState.connectedReadOnly);
    for (const connection of this.connections)
      if (!this.#undecided.has(connection)) connection.tellState(KeeperState.connectedReadOnly);
    for (const connection of this.#undecided)
      if (this.connections.has(connection))
        this.renewSession(connection, connection.sessionId, connection.timeoutMs);
    this.#undecided.clear();
    this.madeRoom();
  }

  override renewSession(connection: ServerCnxn, sessionId: bigint, timeoutMs: number): void {
    const staysOn = connection.canBeReadOnly && this.hasLocalSession(connection);
    if (this.#isSeeking && !staysOn) this.#undecided.add(connection);
    else if (connection.canBeReadOnly) super.renewSession(connection, sessionId, timeoutMs);
    else connection.close('this server is read-only, and its client has not asked for that');
  }

  /**
   * A global session lives on at other members, so its client has to go there. Any other session has expired,
   * as upstream answers too.
   */
  protected renewGlobalSession(connection: ServerCnxn, sessionId: bigint): void {
    if (this.parts.database.sessionTimeouts.has(sessionId))
      connection.close('a global session needs the leader, and this server is read-only');
    else connection.refused();
  }

  /** The only write that gets here is the closeSession of a session that has just expired. */
  submit(request: Request): void {
    request.origin?.complete(request, resultOf(request.op, ErrorCode.SESSIONEXPIRED, '', null));
  }

  /** Applies a transaction that is known to be committed. */
  apply(packet: TxnPacket): void {
    const { header, body, digestAt } = parseTxnPacket(packet);
    this.applyTxn(packet, header, body, null, digestAt);
  }

  /** Upstream answers such a client with a frame that it cannot read. ZOOKEEPER-3864 */
  protected openGlobalSession(connection: ServerCnxn): void {
    connection.close('a read-only server opens local sessions alone: see localSessionsEnabled');
  }

  // Nobody calls these: sessions are local here, and writes and syncs are refused.
  protected touchGlobalSession(): void {}
  protected submitGlobalSession(): void {}
  sync(): void {}
  protected onApplied(): void {}
}
