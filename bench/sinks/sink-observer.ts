/**
 * One learner that does what an observer does on the wire, and keeps nothing: it shakes hands, takes a DIFF
 * or a SNAP, answers pings, and drops what it is told. A thousand of them fit on a small machine, so that
 * what learners cost a leader can be measured for real.
 */
import * as net from 'node:net';
import type { SyncMode } from '../../server/metrics/server-events.ts';
import { JuteWriter } from '../../server/wire/jute.ts';
import { PacketType, SNAPSHOT_SIGNATURE, writeQuorumPacket } from '../../server/wire/quorum-packet.ts';
import { epochOf } from '../../server/wire/zxid.ts';
import { type LearnerOutput, LearnerSide } from '../../server/zab/learner-side.ts';
import { PacketReader, type PacketView } from '../../server/zab/packet-stream.ts';

export interface MasterAddress {
  readonly host: string;
  readonly port: number;
}

/** What all sinks of a process have seen together. */
export interface SinkCounts {
  serving: number;
  /** Transactions told by INFORM since the start; each sink counts. */
  informs: number;
  /** Bytes from masters since the start. */
  bytes: number;
  /** Connections that were lost or refused. */
  reconnects: number;
  /** Why the last sink lost its master; empty before the first loss. */
  lastReason: string;
  /** Wall clock, in ms since 1970, at which the last sink began to serve; 0 before the first. */
  lastServingAtMs: number;
}

/** How one sink came to serve. Wall clock, in ms since 1970. */
export interface SinkWay {
  readonly sid: number;
  /** Host of the master that it was served by. */
  readonly master: string;
  /** The attempt that succeeded: when it reached the master, and when that said how it would sync. */
  readonly connectedAtMs: number;
  readonly chosenAtMs: number;
  readonly servingAtMs: number;
  readonly mode: SyncMode;
}

export interface SinkOptions {
  /** The zxid that it has when it comes for the first time. @default 0: it has nothing */
  readonly zxid?: number;
  /**
   * It forgets everything when it loses its master, like an observer whose disk is new or that is too far
   * behind, and takes a whole snapshot from the next. @default it remembers how far it is, and comes back by
   * DIFF
   */
  readonly forgets?: boolean;
}

/** Between two rounds through all masters; each pause is twice as long, up to the second of these. */
const PAUSE_MIN_MS = 10;
const PAUSE_MAX_MS = 100;
/** After a lost connection it dials at a random moment of this, as by observer.electionDelayMs. */
const ELECTION_DELAY_MS = 200;
const CONNECT_MAX_MS = 5_000;
const PACKET_BYTES_MAX = 32 * 1024 * 1024;

export class SinkObserver {
  readonly #sid: number;
  readonly #counts: SinkCounts;
  #masters: readonly MasterAddress[];
  #next: number;
  #socket: net.Socket | undefined;
  #side = new LearnerSide();
  #packets: PacketReader | undefined;
  #signature: SignatureFinder | undefined;
  #serves = false;
  #isStopped = false;
  /** Dials in a row that nobody answered. */
  #inVain = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #forgets: boolean;
  /** The present attempt, from its connection on. */
  #attempt: Omit<SinkWay, 'servingAtMs'> | undefined;
  #served: SinkWay | undefined;
  #lastZxid = 0;
  #epoch = 0;

  /** @param masters dialled in turn until one answers: only the present leader or a master listens */
  constructor(
    sid: number,
    masters: readonly MasterAddress[],
    counts: SinkCounts,
    { zxid = 0, forgets = false }: SinkOptions = {},
  ) {
    this.#forgets = forgets;
    this.#lastZxid = zxid;
    this.#epoch = epochOf(zxid);
    this.#sid = sid;
    this.#masters = masters;
    this.#next = sid % masters.length;
    this.#counts = counts;
  }

  start(): void {
    this.#dial();
  }

  /** The last time that it came to serve; undefined before the first. */
  get served(): SinkWay | undefined {
    return this.#served;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #dial(): void {
    const { host, port } = this.#masters[this.#next++ % this.#masters.length]!;
    const socket = net.connect({ host, port, noDelay: true });
    this.#socket = socket;
    this.#side = new LearnerSide();
    this.#packets = new PacketReader(PACKET_BYTES_MAX, packet => this.#onPacket(packet));
    this.#signature = undefined;
    socket.setTimeout(CONNECT_MAX_MS, () => socket.destroy(new Error('it did not answer')));
    socket.on('connect', () => {
      socket.setTimeout(0);
      const now = Date.now();
      this.#attempt = { sid: this.#sid, master: host, connectedAtMs: now, chosenAtMs: now, mode: 'DIFF' };
      this.#perform(
        this.#side.step({
          type: 'connected',
          state: {
            sid: this.#sid,
            role: 'observer',
            asksForProposals: false,
            votes: false,
            acceptedEpoch: this.#epoch,
            currentEpoch: this.#epoch,
            lastProcessedZxid: this.#lastZxid,
            lastLoggedZxid: this.#lastZxid,
            snapshotNeeded: false,
            configVersion: 0,
          },
        }),
      );
    });
    let reason = 'the connection was closed';
    socket.on('error', error => {
      reason = error.message;
    });
    socket.on('data', chunk => {
      try {
        this.#onData(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on('close', () => this.#onClose(reason));
  }

  #onClose(reason: string): void {
    if (this.#serves) this.#counts.serving--;
    if (this.#isStopped) return;
    this.#counts.reconnects++;
    this.#counts.lastReason = reason;
    if (this.#serves && this.#forgets) {
      this.#lastZxid = 0;
      this.#epoch = 0;
    }
    this.#serves = false;
    const wasConnected = this.#attempt !== undefined;
    this.#attempt = undefined;
    if (wasConnected) this.#inVain = 0;
    else this.#inVain++;
    this.#timer = setTimeout(
      () => this.#dial(),
      wasConnected ? ELECTION_DELAY_MS * Math.random() : this.#pauseMs,
    );
  }

  /** After as many refusals; only whole rounds are followed by a pause. */
  get #pauseMs(): number {
    const rounds = this.#inVain / this.#masters.length;
    return Number.isInteger(rounds) ? Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (rounds - 1)) : 0;
  }

  #onData(chunk: Buffer): void {
    this.#counts.bytes += chunk.length;
    if (this.#signature === undefined) this.#packets!.feed(chunk);
    else this.#onSnapshotBytes(chunk);
  }

  #onSnapshotBytes(chunk: Buffer): void {
    const after = this.#signature!.feed(chunk);
    if (after === undefined) return;
    this.#signature = undefined;
    this.#packets!.add(after);
    this.#packets!.resume();
  }

  #onPacket(packet: PacketView): void {
    if (!this.#serves) {
      this.#perform(this.#side.step({ type: 'packet', packet }));
      return;
    }
    switch (packet.type) {
      case PacketType.INFORM:
      case PacketType.INFORMANDACTIVATE:
        this.#lastZxid = packet.zxid;
        this.#counts.informs++;
        return;
      case PacketType.PING:
        this.#send({ type: PacketType.PING, zxid: packet.zxid, data: NOTHING, authinfo: null });
        return;
    }
  }

  #perform(outputs: readonly LearnerOutput[]): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'send':
          this.#send(output.packet);
          break;
        case 'setCurrentEpoch':
          this.#epoch = output.epoch;
          break;
        case 'beginSync':
          this.#attempt = { ...this.#attempt!, chosenAtMs: Date.now(), mode: output.mode };
          break;
        case 'receiveSnapshot':
          this.#lastZxid = output.zxid;
          this.#packets!.suspend();
          this.#signature = new SignatureFinder();
          this.#onSnapshotBytes(this.#packets!.takeRest());
          break;
        case 'truncate':
          this.#lastZxid = output.zxid;
          break;
        case 'log':
          this.#lastZxid = output.txn.zxid;
          break;
        case 'serve':
          this.#serve();
          break;
        case 'leave':
          this.#socket?.destroy(new Error(output.reason));
          break;
      }
    }
  }

  #serve(): void {
    this.#serves = true;
    this.#counts.serving++;
    this.#counts.lastServingAtMs = Date.now();
    this.#served = { ...this.#attempt!, servingAtMs: this.#counts.lastServingAtMs };
  }

  #send(packet: Parameters<typeof writeQuorumPacket>[1]): void {
    const writer = new JuteWriter(64);
    writeQuorumPacket(writer, packet);
    this.#socket?.write(writer.toBuffer());
  }
}

const NOTHING = Buffer.alloc(0);
/** As it stands behind the tree in the stream: a string with its length. */
const SIGNATURE = Buffer.concat([
  Buffer.from([0, 0, 0, SNAPSHOT_SIGNATURE.length]),
  Buffer.from(SNAPSHOT_SIGNATURE),
]);

/**
 * Finds the end of a snapshot by its signature, without reading the tree. A znode with those bytes in its
 * data would mislead it, and benchmarks write none.
 */
class SignatureFinder {
  #tail: Buffer = NOTHING;

  /** The bytes behind the signature once it has come; undefined until then. */
  feed(chunk: Buffer): Buffer | undefined {
    const bytes = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk]);
    const at = bytes.indexOf(SIGNATURE);
    if (at >= 0) return bytes.subarray(at + SIGNATURE.length);
    this.#tail = bytes.subarray(Math.max(0, bytes.length - SIGNATURE.length + 1));
    return undefined;
  }
}
