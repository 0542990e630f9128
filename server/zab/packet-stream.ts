import { type Id, readId } from '../wire/acl.ts';
import { JuteError, JuteReader } from '../wire/jute.ts';
import { PacketType, packetName } from '../wire/quorum-packet.ts';

/**
 * One packet in place. The object is reused for the next packet, so copy what is to be kept.
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

  /** Nobody else holds `bytes`, because they were joined for this packet and what came with it. */
  isJoined = false;

  /** Copies the whole packet into memory of its own, of which it may leave half unused. */
  copy(): Buffer {
    const own = this.bytes.subarray(this.start, this.end);
    return this.isJoined && own.length * 2 >= this.bytes.length ? own : Buffer.from(own);
  }

  /** The same packet in memory of its own, to be kept. */
  kept(): PacketView {
    const kept = new PacketView();
    kept.type = this.type;
    kept.zxid = this.zxid;
    kept.bytes = this.copy();
    kept.end = kept.bytes.length;
    if (this.hasData) {
      kept.dataStart = this.dataStart - this.start;
      kept.dataEnd = this.dataEnd - this.start;
    }
    kept.authStart = this.authStart - this.start;
    return kept;
  }

  data(): Buffer {
    return this.hasData ? this.bytes.subarray(this.dataStart, this.dataEnd) : EMPTY;
  }

  authinfo(): Id[] {
    return readAuthinfo(new JuteReader(this.bytes, this.authStart, this.end));
  }

  toString(): string {
    return `${packetName(this.type)} 0x${this.zxid.toString(16)}`;
  }
}

const EMPTY = Buffer.alloc(0);
const HEAD_BYTES = 16;
/** The least that an id takes: the two lengths of its scheme and its id. */
const ID_BYTES_MIN = 8;
/**
 * Limit on the identities of one client. An Apache follower passes on everything that its client has proven,
 * and a client may prove as much as it likes. Identities beyond this grant the client nothing; ending the
 * connection instead would also cut off the follower's other clients.
 */
const IDS_MAX = 1024;
/** Chunks are kept unjoined while there are few, or while they are this large on average. */
const CHUNKS_MIN = 64;
const CHUNK_BYTES_MIN = 512;
/** A transaction of at least this size is joined without the bytes behind it, because it is kept. */
const ALONE_BYTES_MIN = 16 * 1024;

/** The identities that the client of a REQUEST has proven. @throws JuteError */
export function readAuthinfo(reader: JuteReader): Id[] {
  const ids: Id[] = [];
  for (let left = Math.min(reader.readInt(), IDS_MAX); left > 0; left--) ids.push(readId(reader));
  return ids;
}

/**
 * Cuts the stream between learner and master into packets. They have no length in front, so the end of a
 * packet is known only by walking its fields. `suspend` hands the rest of the bytes to another reader: a
 * snapshot stream sits between two packets.
 */
export class PacketReader {
  readonly #view = new PacketView();
  readonly #onPacket: (packet: PacketView) => void;
  #chunks: Buffer[] = [];
  /** Where the next packet starts in the first chunk. */
  #at = 0;
  /** Bytes from there to the end of the last chunk. */
  #bytes = 0;
  /** The first chunk was joined by this reader. */
  #isJoined = false;
  /** Bytes needed before another look can find a packet. */
  #needed = 1;
  /** Size of the packet at `#at` when it is to be joined alone; else 0. */
  #alone = 0;
  #suspended = false;
  /** How far the authinfo of the packet at `#at` has been walked, from its start; 0: not begun. */
  #walkedBytes = 0;
  #fieldsLeft = 0;
  /**
   * Limit on one packet, data and authinfo together, since all of it is kept until it is whole. A peer that
   * has not said who it is gets less room.
   */
  packetBytesMax: number;

  constructor(packetBytesMax: number, onPacket: (packet: PacketView) => void) {
    this.packetBytesMax = packetBytesMax;
    this.#onPacket = onPacket;
  }

  /** Takes bytes that `step` cuts later. */
  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // A chunk of one byte takes a hundred bytes of memory, so the chunks of a peer that sends single bytes
    // are joined.
    if (this.#chunks.length > CHUNKS_MIN + this.#bytes / CHUNK_BYTES_MIN) this.#joined();
  }

  /** Bytes that have come and are not cut yet. */
  get bytesKept(): number {
    return this.#bytes;
  }

  /** @throws JuteError for bytes that are no packet; the stream cannot be read on after that */
  feed(chunk: Buffer): void {
    this.add(chunk);
    while (this.step() !== null);
  }

  /** Whether another `step` may find a whole packet. */
  get mayHaveMore(): boolean {
    return !this.#suspended && this.#bytes >= this.#needed;
  }

  /**
   * Cuts one packet, hands it over and returns it; null when there is no whole one.
   * @throws JuteError, as `feed`
   */
  step(): PacketView | null {
    while (this.mayHaveMore) {
      const size = this.#cut(this.#alone > 0 ? this.#joinedAlone() : this.#joined(), this.#at);
      if (size < 0) continue;
      this.#at += size;
      this.#bytes -= size;
      this.#onPacket(this.#view);
      if (this.#bytes === 0) this.#forget();
      else if (this.#chunks.length > 1) this.#leaveFirst();
      return this.#view;
    }
    return null;
  }

  /** Called from within `onPacket`: no further packet is cut until `resume`. */
  suspend(): void {
    this.#suspended = true;
  }

  get suspended(): boolean {
    return this.#suspended;
  }

  /** Takes out the bytes that follow the packet at which the stream was suspended. */
  takeRest(): Buffer {
    const rest = this.#bytes === 0 ? EMPTY : this.#joined().subarray(this.#at);
    this.#forget();
    return rest;
  }

  /** The next `step` goes on. */
  unsuspend(): void {
    this.#suspended = false;
    this.#needed = 1;
    this.#alone = 0;
  }

  /** @throws JuteError, as `feed` */
  resume(): void {
    this.unsuspend();
    while (this.step() !== null);
  }

  /** What is left, joined into one piece that starts at `#at`. */
  #joined(): Buffer {
    if (this.#chunks.length > 1) {
      this.#chunks[0] = this.#chunks[0]!.subarray(this.#at);
      this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)];
      this.#at = 0;
      this.#isJoined = true;
    }
    return this.#chunks[0]!;
  }

  /** The packet at `#at`, which has come as a whole. What follows it stays in its chunks. */
  #joinedAlone(): Buffer {
    const first = this.#chunks[0]!;
    if (first.length - this.#at >= this.#alone) return first;
    const joined = Buffer.allocUnsafeSlow(this.#alone);
    let from = this.#at;
    let at = 0;
    let rest = 0;
    while (at < joined.length) {
      const chunk = this.#chunks[rest]!;
      const copied = chunk.copy(joined, at, from);
      at += copied;
      if (from + copied < chunk.length) {
        this.#chunks[rest] = chunk.subarray(from + copied);
        break;
      }
      from = 0;
      rest++;
    }
    this.#chunks.splice(0, rest, joined);
    this.#at = 0;
    this.#isJoined = true;
    return joined;
  }

  /** All of the first chunk has been cut, or it would have been joined with the others. */
  #leaveFirst(): void {
    if (this.#at < this.#chunks[0]!.length) return;
    this.#chunks.shift();
    this.#at = 0;
    this.#isJoined = false;
  }

  #forget(): void {
    this.#chunks = [];
    this.#isJoined = false;
    this.#at = 0;
    this.#bytes = 0;
  }

  /**
   * Size of the packet at `at`, now in the view; -1 when it is not whole, with `#needed` saying when to look
   * again.
   */
  #cut(b: Buffer, at: number): number {
    const end = b.length;
    if (end - at < HEAD_BYTES + 4) return this.#wait(HEAD_BYTES + 4);
    const view = this.#view;
    const type = b.readInt32BE(at);
    if (type < 1 || type > 19) throw new JuteError(`unknown quorum packet type ${type}`);
    const length = b.readInt32BE(at + 12);
    if (length < -1) throw new JuteError(`a ${packetName(type)} cannot have ${length} bytes of data`);
    const dataEnd = at + HEAD_BYTES + Math.max(length, 0);
    this.#checkSize(type, dataEnd - at);
    if (end < dataEnd + 4) {
      this.#wait(dataEnd + 4 - at);
      if (isTxn(type) && this.#needed >= ALONE_BYTES_MIN) this.#alone = this.#needed;
      return -1;
    }
    const packetEnd = this.#authEnd(b, dataEnd, at);
    if (packetEnd < 0) return -1;
    view.type = type;
    view.zxid = b.readInt32BE(at + 4) * 0x1_0000_0000 + b.readUInt32BE(at + 8);
    view.bytes = b;
    view.isJoined = this.#isJoined;
    view.start = at;
    view.end = packetEnd;
    view.dataStart = length < 0 ? -1 : at + HEAD_BYTES;
    view.dataEnd = length < 0 ? -1 : dataEnd;
    view.authStart = dataEnd;
    this.#needed = 1;
    this.#alone = 0;
    return packetEnd - at;
  }

  #authEnd(b: Buffer, authStart: number, packetStart: number): number {
    if (this.#walkedBytes === 0) {
      const count = b.readInt32BE(authStart);
      if (count <= 0 && count >= -1) return authStart + 4;
      if (count < 0) throw new JuteError(`authinfo of ${count} ids`);
      this.#walkedBytes = authStart + 4 - packetStart;
      this.#fieldsLeft = count * 2;
      this.#checkSize(b.readInt32BE(packetStart), this.#walkedBytes + count * ID_BYTES_MIN);
    }
    for (; this.#fieldsLeft > 0; this.#fieldsLeft--) {
      const at = packetStart + this.#walkedBytes;
      if (b.length < at + 4) return this.#wait(at + 4 - packetStart);
      const length = b.readInt32BE(at);
      if (length < -1) throw new JuteError(`authinfo field of ${length} bytes`);
      const next = at + 4 + Math.max(length, 0);
      this.#checkSize(b.readInt32BE(packetStart), next - packetStart);
      if (b.length < next) return this.#wait(next - packetStart);
      this.#walkedBytes = next - packetStart;
    }
    const end = packetStart + this.#walkedBytes;
    this.#walkedBytes = 0;
    return end;
  }

  #checkSize(type: number, bytes: number): void {
    if (bytes <= this.packetBytesMax) return;
    throw new JuteError(
      `a ${packetName(type)} has ${bytes} bytes or more; at most ${this.packetBytesMax} are accepted here (jute.maxbuffer)`,
    );
  }

  #wait(needed: number): number {
    this.#needed = needed;
    this.#alone = 0;
    return -1;
  }
}

/** Nothing follows the data of these, except in what no server sends. */
function isTxn(type: number): boolean {
  return type === PacketType.PROPOSAL || type === PacketType.INFORM;
}
