/**
 * A stranger on a learner port that sends whatever the test wants. The test makes each step of the handshake
 * over a real socket.
 */
import * as net from 'node:net';
import { until } from '#test';
import { JuteWriter } from '../wire/jute.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import { PacketType, packetName, writeQuorumPacket } from '../wire/quorum-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { PacketReader } from '../zab/packet-stream.ts';

const ANSWER_DEADLINE_MS = 60_000;
const PING_INTERVAL_MS = 100;

export interface StrangerClaim {
  readonly sid: number;
  readonly info: typeof PacketType.FOLLOWERINFO | typeof PacketType.OBSERVERINFO;
  readonly acceptedEpoch?: number;
  readonly currentEpoch?: number;
  readonly lastZxid?: number;
}

export class Stranger {
  readonly #socket: net.Socket;
  readonly #packets: PacketReader;
  /** Names of the packets that it received, without PINGs. */
  readonly told: string[] = [];
  #epoch = 0;
  #pings: NodeJS.Timeout | undefined;
  closed = false;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#packets = new PacketReader(juteLimits().packetBytesMax, packet => {
      if (packet.type === PacketType.LEADERINFO) this.#epoch = Math.floor(packet.zxid / 2 ** 32);
      if (packet.type === PacketType.SNAP) this.#packets.suspend();
      if (packet.type !== PacketType.PING) this.told.push(packetName(packet.type));
    });
    socket.on('data', chunk => this.#packets.feed(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      clearInterval(this.#pings);
    });
  }

  static connect(host: string, port: number): Promise<Stranger> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host, port, localAddress: '127.77.0.1' }, () =>
        resolve(new Stranger(socket)),
      );
      socket.once('error', reject);
    });
  }

  send(type: PacketType, zxid: number, data: Buffer | null = null): void {
    const writer = new JuteWriter();
    writeQuorumPacket(writer, { type, zxid, data, authinfo: null });
    this.#socket.write(writer.toBuffer());
  }

  /** Runs the handshake up to NEWLEADER, or until the server ends it. */
  async handshake(claim: StrangerClaim): Promise<void> {
    await this.introduce(claim);
    if (this.closed) return;
    this.askForSync(claim);
    await this.syncMode();
  }

  /** Runs the handshake up to LEADERINFO, or until the server ends it. */
  async introduce({ sid, info, acceptedEpoch = 0 }: StrangerClaim): Promise<void> {
    const data = new JuteWriter().writeLong(sid).writeInt(0x10000).writeLong(0).toBuffer();
    this.send(info, makeZxid(acceptedEpoch, 0), data);
    await this.#until('LEADERINFO');
  }

  askForSync({ currentEpoch = 0, lastZxid = 0 }: StrangerClaim): void {
    const epoch = Buffer.alloc(4);
    epoch.writeInt32BE(currentEpoch);
    this.send(PacketType.ACKEPOCH, lastZxid, epoch);
  }

  /** Waits for the answer to `askForSync`, or until the server ends the connection. */
  async syncMode(): Promise<void> {
    await this.#until('DIFF', 'TRUNC', 'SNAP');
  }

  /** Acks NEWLEADER, as if its sync were on its disk. */
  ackNewLeader(): void {
    this.send(PacketType.ACK, makeZxid(this.#epoch, 0));
  }

  async #until(...names: string[]): Promise<void> {
    await until(() => this.closed || names.some(name => this.told.includes(name)), {
      deadlineMs: ANSWER_DEADLINE_MS,
      what: `${names.join(' or ')}; came: ${this.told.join(', ')}`,
    });
  }

  /** Sends pings from now on, as a live learner does. */
  ping(): void {
    this.#pings = setInterval(() => this.send(PacketType.PING, 0, Buffer.alloc(0)), PING_INTERVAL_MS);
  }

  /** Nothing more is read. */
  pause(): void {
    this.#socket.pause();
  }

  destroy(): void {
    clearInterval(this.#pings);
    this.#socket.destroy();
  }
}
