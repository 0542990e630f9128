import { type Id, readId } from '../wire/acl.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { PACKET_DATA_BYTES_MAX, packetName } from '../wire/quorum-packet.ts';

/**
 * One packet in place. The object is reused for the next packet: take what is to be kept.
 * `bytes[start, end)` is the whole packet, `bytes[dataStart, dataEnd)` its data (both -1 when null).
 */
export class PacketView {
  type = 0;
  zxid = 0;
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  dataStart = -1;
  dataEnd = -1;
  authStart = 0;

  get hasData(): boolean {
    return this.dataStart >= 0;
  }

  get dataLength(): number {
    return this.dataEnd - this.dataStart;
  }

  /** The whole packet in memory of its own. */
  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(this.start, this.end));
  }

  data(): Buffer {
    return this.hasData ? this.bytes.subarray(this.dataStart, this.dataEnd) : EMPTY;
  }

  authinfo(): Id[] {
    return new JuteReader(this.bytes, this.authStart, this.end).readVector(readId) ?? [];
  }

  toString(): string {
    return `${packetName(this.type)} 0x${this.zxid.toString(16)}`;
  }
}

const EMPTY = Buffer.alloc(0);
const HEAD_BYTES = 16;
const AUTH_COUNT_MAX = 1024;
/** As much as a client's auth packet can hold: Apache's followers pass it on as it came. */
const AUTH_FIELD_BYTES_MAX = 1024 * 1024;
const AUTH_BYTES_MAX = 16 * 1024 * 1024;
/** Data and authinfo together: what is kept of a packet until it is whole. */
export const PACKET_BYTES_MAX = PACKET_DATA_BYTES_MAX + AUTH_BYTES_MAX;

/**
 * Cuts the stream between learner and master into packets. They have no length in front, so the end of one
 * is known only by walking its fields. `suspend` hands the rest of the bytes to another reader: a snapshot
 * stream sits between two packets.
 */
export class PacketReader {
  readonly #view = new PacketView();
  readonly #onPacket: (packet: PacketView) => void;
  #chunks: Buffer[] = [];
  /** Where the next packet starts in the first chunk. */
  #at = 0;
  /** From there to the end of the last chunk. */
  #bytes = 0;
  /** Bytes without which another look is in vain. */
  #needed = 1;
  #suspended = false;
  #walking = false;
  /** Of one packet. Whoever has not said who it is gets less room. */
  packetBytesMax = PACKET_BYTES_MAX;

  constructor(onPacket: (packet: PacketView) => void) {
    this.#onPacket = onPacket;
  }

  /** @throws JuteError for bytes that are no packet; the stream cannot be read on after that */
  feed(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#walk();
  }

  /** Called from within `onPacket`: no further packet is cut until `resume`. */
  suspend(): void {
    this.#suspended = true;
  }

  get suspended(): boolean {
    return this.#suspended;
  }

  /** The bytes that follow the packet at which the stream was suspended. They are no longer in this reader. */
  takeRest(): Buffer {
    const rest = this.#bytes === 0 ? EMPTY : this.#joined().subarray(this.#at);
    this.#forget();
    return rest;
  }

  resume(): void {
    this.#suspended = false;
    this.#needed = 1;
    this.#walk();
  }

  #walk(): void {
    if (this.#walking) return;
    this.#walking = true;
    // Everything is looked at anew after each packet: its handler may suspend, take the rest, feed and resume.
    while (!this.#suspended && this.#bytes >= this.#needed) {
      const size = this.#cut(this.#joined(), this.#at);
      if (size < 0) break;
      this.#at += size;
      this.#bytes -= size;
      this.#onPacket(this.#view);
    }
    this.#walking = false;
    if (this.#bytes === 0) this.#forget();
  }

  /** What is left, in one piece from `#at` on. */
  #joined(): Buffer {
    if (this.#chunks.length > 1) {
      this.#chunks[0] = this.#chunks[0]!.subarray(this.#at);
      this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)];
      this.#at = 0;
    }
    return this.#chunks[0]!;
  }

  #forget(): void {
    this.#chunks = [];
    this.#at = 0;
    this.#bytes = 0;
  }

  /** Size of the packet at `at`, now in the view; -1 when it is not whole, with `#needed` saying when to look again. */
  #cut(b: Buffer, at: number): number {
    const end = b.length;
    if (end - at < HEAD_BYTES + 4) return this.#wait(HEAD_BYTES + 4);
    const view = this.#view;
    const type = b.readInt32BE(at);
    if (type < 1 || type > 19) throw new JuteError(`unknown quorum packet type ${type}`);
    const length = b.readInt32BE(at + 12);
    if (length < -1 || length > PACKET_DATA_BYTES_MAX) {
      throw new JuteError(
        `${packetName(type)} with ${length} bytes of data, -1 to ${PACKET_DATA_BYTES_MAX} accepted`,
      );
    }
    const dataEnd = at + HEAD_BYTES + Math.max(length, 0);
    this.#checkSize(dataEnd - at);
    if (end < dataEnd + 4) return this.#wait(dataEnd + 4 - at);
    const packetEnd = this.#authEnd(b, dataEnd, at);
    if (packetEnd < 0) return -1;
    view.type = type;
    view.zxid = b.readInt32BE(at + 4) * 0x1_0000_0000 + b.readUInt32BE(at + 8);
    view.bytes = b;
    view.start = at;
    view.end = packetEnd;
    view.dataStart = length < 0 ? -1 : at + HEAD_BYTES;
    view.dataEnd = length < 0 ? -1 : dataEnd;
    view.authStart = dataEnd;
    this.#needed = 1;
    return packetEnd - at;
  }

  #authEnd(b: Buffer, authStart: number, packetStart: number): number {
    const count = b.readInt32BE(authStart);
    if (count < -1 || count > AUTH_COUNT_MAX)
      throw new JuteError(`authinfo of ${count} ids, -1 to ${AUTH_COUNT_MAX} accepted`);
    let at = authStart + 4;
    for (let field = 0; field < count * 2; field++) {
      if (b.length < at + 4) return this.#wait(at + 4 - packetStart);
      const length = b.readInt32BE(at);
      if (length < -1 || length > AUTH_FIELD_BYTES_MAX) {
        throw new JuteError(`authinfo field of ${length} bytes, -1 to ${AUTH_FIELD_BYTES_MAX} accepted`);
      }
      at += 4 + Math.max(length, 0);
      this.#checkSize(at - packetStart);
      if (b.length < at) return this.#wait(at - packetStart);
    }
    return at;
  }

  #checkSize(bytes: number): void {
    if (bytes > this.packetBytesMax) {
      throw new JuteError(`packet of ${bytes} bytes or more, at most ${this.packetBytesMax} accepted here`);
    }
  }

  #wait(needed: number): number {
    this.#needed = needed;
    return -1;
  }
}
