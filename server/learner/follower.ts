import { Fifo } from '../collections/fifo.ts';
import { ObserverMaster } from '../master/observer-master.ts';
import { SyncRequestProcessor } from '../processors/sync-request-processor.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { follows, zxidToHex } from '../wire/zxid.ts';
import { configTextOf, designatedLeaderIn, ownPacket } from '../zab/own-packet.ts';
import type { PacketView } from '../zab/packet-stream.ts';
import { serverParts } from '../zab/peer-context.ts';
import { Learner, RECONFIGURED } from './learner.ts';
import { LearnerServing } from './learner-serving.ts';

const ACK_PACKET_BYTES = 20;

/** Logs and acks what the leader proposes, applies what it commits. @see FollowerZooKeeperServer */
export class Follower extends Learner {
  readonly name = 'follower';
  #serving: LearnerServing | null = null;
  #sync: SyncRequestProcessor | null = null;
  #observerMaster: ObserverMaster | null = null;
  /** Proposals that are not committed yet, oldest first. */
  readonly #pending = new Fifo<TxnPacket>();
  readonly #toAck = new Fifo<number>();
  #lastQueued = 0;
  /**
   * By zxid, the leaders that reconfigurations have named and that are not applied yet. Observers behind this
   * server are told when they are.
   */
  readonly #activated = new Map<number, number>();
  readonly #proposalsReceived = this.context.metrics.counter('learner_proposal_received_count');
  readonly #commitsReceived = this.context.metrics.counter('learner_commit_received_count');

  get observerMaster(): ObserverMaster | null {
    return this.#observerMaster;
  }

  protected serve(pending: readonly TxnPacket[], committed: readonly TxnPacket[]): void {
    const context = this.context;
    const parts = serverParts(context);
    this.#serving = new LearnerServing(context, 'follower', this.epoch, this.master);
    const { server } = this.#serving;
    this.#sync = new SyncRequestProcessor(
      parts.database,
      parts.clock,
      zxid => this.#ackUpTo(zxid),
      parts.onFatal,
    );
    this.#lastQueued = parts.database.lastLoggedZxid;
    if (context.config.observerMasterPort > 0) {
      this.#observerMaster = new ObserverMaster(context, server, this.epoch);
      server.onRelayed = packet => this.#relay(packet);
    }
    for (const packet of committed) {
      this.#propose(packet);
      this.#commit(packet.zxid, null);
    }
    for (const packet of pending) this.#propose(packet);
    this.#observerMaster?.start();
    server.whenApplied(() => context.serve(server));
  }

  protected onBroadcast(packet: PacketView): void {
    switch (packet.type) {
      case PacketType.PROPOSAL:
        if (packet.zxid <= this.#lastQueued) return;
        if (follows(packet.zxid, this.#lastQueued)) this.#onProposal(ownPacket(packet));
        else
          this.end(
            `${packet} does not follow ${zxidToHex(this.#lastQueued)}: transactions are missing in between`,
          );
        return;
      case PacketType.COMMIT:
      case PacketType.COMMITANDACTIVATE:
        this.#commit(packet.zxid, designatedLeaderIn(packet));
        return;
      case PacketType.UPTODATE:
        this.end('UPTODATE while serving');
        return;
      default:
        if (!this.#serving!.onPacket(packet)) this.end(`unexpected ${packet}`);
    }
  }

  /** The configuration of a reconfiguration counts before its proposal is acked. */
  #onProposal(packet: TxnPacket): void {
    const text = configTextOf(packet);
    if (text !== null) this.context.onConfigProposed(text);
    this.#propose(packet);
  }

  #propose(packet: TxnPacket): void {
    this.#lastQueued = packet.zxid;
    this.#pending.push(packet);
    this.#toAck.push(packet.zxid);
    this.#sync!.append(packet);
    this.#proposalsReceived.add();
    this.#observerMaster?.proposed(packet);
    this.#serving!.server.proposed(packet);
  }

  /** `leader` leads from then on; null when the packet does not say. */
  #commit(zxid: number, leader: number | null): void {
    const head = this.#pending.peek();
    if (head === undefined || head.zxid !== zxid) {
      this.end(
        `COMMIT ${zxidToHex(zxid)} where the oldest proposal is ${head === undefined ? 'none' : zxidToHex(head.zxid)}`,
      );
      return;
    }
    this.#pending.shift();
    const text = configTextOf(head);
    const outcome = text === null ? 'goesOn' : this.context.onConfigActivated(text, leader);
    if (leader !== null && this.#observerMaster !== null) this.#activated.set(zxid, leader);
    this.#serving!.server.commit(head);
    this.#commitsReceived.add();
    // Before this server leaves, its client is answered and its observers are told.
    if (outcome === 'leaves') this.#serving!.server.whenApplied(() => this.end(RECONFIGURED));
  }

  #relay(packet: TxnPacket): void {
    const leader = this.#activated.size === 0 ? undefined : this.#activated.get(packet.zxid);
    if (leader !== undefined) this.#activated.delete(packet.zxid);
    this.#observerMaster!.applied(packet, leader ?? null);
  }

  /** Sends one ACK per proposal, as upstream's leader expects; the ACKs of a batch leave in one piece. */
  #ackUpTo(zxid: number): void {
    if (this.isEnded) return;
    const zxids: number[] = [];
    for (;;) {
      const head = this.#toAck.peek();
      if (head === undefined || head > zxid) break;
      this.#toAck.shift();
      zxids.push(head);
    }
    if (zxids.length === 0) return;
    const bytes = Buffer.allocUnsafe(zxids.length * ACK_PACKET_BYTES);
    let at = 0;
    for (const acked of zxids) {
      bytes.writeInt32BE(PacketType.ACK, at);
      bytes.writeInt32BE(Math.floor(acked / 0x1_0000_0000), at + 4);
      bytes.writeUInt32BE(acked % 0x1_0000_0000, at + 8);
      bytes.writeInt32BE(-1, at + 12);
      bytes.writeInt32BE(-1, at + 16);
      at += ACK_PACKET_BYTES;
    }
    this.master.sendRaw(PacketType.ACK, bytes, 0, bytes.length, zxids.length);
  }

  protected onLinkDrained(): void {
    this.#serving?.server.linkDrained();
  }

  protected stopServing(reason: string, done: () => void): void {
    this.#observerMaster?.stop(reason);
    this.#serving?.stop(reason);
    if (this.#sync === null) done();
    else this.#sync.stop(done);
  }
}
