import type { Id } from '../wire/acl.ts';
import { writeId } from '../wire/acl.ts';
import { JuteWriter } from '../wire/jute.ts';
import { PacketType, type QuorumPacket } from '../wire/quorum-packet.ts';
import type { PacketView } from '../zab/packet-stream.ts';
import { type PeerContext, serverParts } from '../zab/peer-context.ts';
import { LearnerZooKeeperServer, type MasterLink } from './learner-zookeeper-server.ts';

/** The sending side of a learner's connection to its master. */
export interface MasterSender {
  send(packet: QuorumPacket): void;
  sendPieces(type: number, head: JuteWriter, bytes: Buffer, start: number, end: number, tail: Buffer): void;
  /** False while the master does not read what it was sent. */
  readonly hasRoom: boolean;
  pause(): void;
  resume(): void;
}

/** int type | long zxid -1 | int length | long session | int cxid | int op */
const REQUEST_HEAD_BYTES = 32;
/** Bytes of one session in a PING: long id, int timeout. */
const TOUCHED_BYTES = 12;

/**
 * What followers and observers share while they serve: they forward requests to the master, and handle its
 * answers that are not transactions.
 */
export class LearnerServing implements MasterLink {
  readonly server: LearnerZooKeeperServer;
  readonly #sender: MasterSender;
  readonly #packetDataBytesMax: number;
  readonly #head = new JuteWriter(REQUEST_HEAD_BYTES);
  /** Serialised identities by list: those of a connection rarely change. */
  readonly #authinfo = new WeakMap<readonly Id[], { count: number; bytes: Buffer }>();

  constructor(context: PeerContext, mode: 'follower' | 'observer', epoch: number, sender: MasterSender) {
    this.#sender = sender;
    this.#packetDataBytesMax = context.config.jute.txnBytesMax;
    this.server = new LearnerZooKeeperServer(serverParts(context), {
      mode,
      epoch,
      sessionIds: context.sessionIds,
      link: this,
      membership: context.membership,
    });
  }

  /**
   * Only requests carry authinfo (row 002-1). The body goes from the client's bytes to the wire unchanged.
   */
  request(
    sessionHigh: number,
    sessionLow: number,
    cxid: number,
    op: number,
    bytes: Buffer,
    start: number,
    end: number,
    ids: readonly Id[],
  ): void {
    const head = this.#head.reset();
    head
      .writeInt(PacketType.REQUEST)
      .writeInt(-1)
      .writeInt(-1)
      .writeInt(16 + end - start);
    head.writeInt(sessionHigh).writeInt(sessionLow).writeInt(cxid).writeInt(op);
    this.#sender.sendPieces(PacketType.REQUEST, head, bytes, start, end, this.#authinfoOf(ids));
  }

  #authinfoOf(ids: readonly Id[]): Buffer {
    const known = this.#authinfo.get(ids);
    if (known !== undefined && known.count === ids.length) return known.bytes;
    const bytes = new JuteWriter(64).writeVector(ids, writeId).toBuffer();
    this.#authinfo.set(ids, { count: ids.length, bytes });
    return bytes;
  }

  revalidate(sessionId: bigint, timeoutMs: number): void {
    const data = Buffer.alloc(12);
    data.writeBigInt64BE(sessionId, 0);
    data.writeInt32BE(timeoutMs, 8);
    this.#sender.send({ type: PacketType.REVALIDATE, zxid: -1, data, authinfo: null });
  }

  get hasRoom(): boolean {
    return this.#sender.hasRoom;
  }

  pause(): void {
    this.#sender.pause();
  }

  resume(): void {
    this.#sender.resume();
  }

  /** Handles PING, SYNC and REVALIDATE; returns false for anything else. */
  onPacket(packet: PacketView): boolean {
    switch (packet.type) {
      case PacketType.PING:
        this.#pong(packet.zxid);
        return true;
      case PacketType.SYNC:
        this.server.synced();
        return true;
      case PacketType.REVALIDATE: {
        if (packet.dataLength < 9) return false;
        const data = packet.data();
        this.server.revalidated(data.readBigInt64BE(0), data[8] !== 0);
        return true;
      }
      default:
        return false;
    }
  }

  /**
   * Answers a PING with (long session, int timeout) of each session that showed life since the last one, in
   * packets small enough for the master to read.
   */
  #pong(zxid: number): void {
    const writer = new JuteWriter(256);
    const send = () => {
      this.#sender.send({ type: PacketType.PING, zxid, data: writer.toBuffer(), authinfo: null });
      writer.reset();
    };
    for (const { id, timeoutMs } of this.server.takeTouched()) {
      if (writer.length + TOUCHED_BYTES > this.#packetDataBytesMax) send();
      writer.writeBigLong(id).writeInt(timeoutMs);
    }
    send();
  }

  stop(reason: string): void {
    this.server.stop(reason);
  }
}
