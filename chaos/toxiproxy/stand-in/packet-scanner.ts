import { PacketType } from '../../../server/wire/quorum-packet.ts';

/** Bytes of a stream, in order: a packet or a part of one, or what is none. */
export interface Piece {
  /** In `Scanned.bytes`. */
  readonly from: number;
  readonly to: number;
  /** The type of the packet; undefined for a snapshot, and where no packets are recognised. */
  readonly type: number | undefined;
  readonly starts: boolean;
  readonly ends: boolean;
}

export interface Scanned {
  readonly bytes: Buffer;
  readonly pieces: readonly Piece[];
}

type Step =
  | 'unknown'
  | 'type'
  | 'zxid'
  | 'dataLength'
  | 'data'
  | 'authCount'
  | 'authLength'
  | 'auth'
  | 'snapshot';

const NO_BYTES = Buffer.alloc(0);
const INT_BYTES = 4;
const ZXID_BYTES = 8;
const TYPES: ReadonlySet<number> = new Set(Object.values(PacketType));
/** Above jute.maxbuffer with all that a server adds: a length above it is none. */
const DATA_BYTES_MAX = 64 * 1024 * 1024;
const AUTHS_MAX = 1_000;
const AUTH_BYTES_MAX = 1024 * 1024;
/** What follows a snapshot on the wire: a text with its length. */
const SIGNATURE = Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from('BenWasHere')]);

/**
 * Finds where the packets between a learner and its master begin and end:
 *
 *     int type | long zxid | int length, data | int count, count x (int length, scheme, int length, id)
 *
 * It holds at most three bytes back, however large a packet is. It may be put on a stream under way: it
 * recognises packets from the first chunk on that consists of whole ones, as a sender writes them.
 * @see docs/quorum.md "Packets"
 */
export class PacketScanner {
  #step: Step;
  #type: number | undefined;
  /** Of the first bytes of an int. */
  #int = 0;
  #intBytes = 0;
  /** Bytes to pass over. */
  #left = 0;
  /** Texts of the authinfo that are still to come. */
  #texts = 0;
  /** How many bytes of the signature the end of the snapshot so far matches. */
  #matched = 0;
  #held: Buffer = NO_BYTES;

  constructor(step: 'unknown' | 'type' = 'unknown') {
    this.#step = step;
  }

  /** Whether the next byte begins a packet or belongs to a snapshot. */
  get isBetweenPackets(): boolean {
    return (this.#step === 'type' && this.#held.length === 0) || this.#step === 'snapshot';
  }

  /** The bytes that were held back, once. */
  rest(): Buffer {
    const rest = this.#held;
    this.#held = NO_BYTES;
    return rest;
  }

  scan(chunk: Buffer): Scanned {
    if (this.#step === 'unknown') return this.#recognise(chunk);
    const bytes = this.#held.length > 0 ? Buffer.concat([this.rest(), chunk]) : chunk;
    const pieces: Piece[] = [];
    let from = 0;
    let at = 0;
    let starts = false;
    const cut = (ends: boolean) => {
      if (at > from) pieces.push({ from, to: at, type: this.#type, starts, ends });
      from = at;
      starts = false;
    };
    while (at < bytes.length) {
      if (this.#step === 'unknown') {
        // Nothing in this chunk is a packet from here on.
        this.#type = undefined;
        at = bytes.length;
      } else if (this.#step === 'snapshot') {
        at = this.#passSnapshot(bytes, at);
        if (this.#step !== 'snapshot') cut(false);
      } else if (this.#step === 'type') {
        cut(false);
        if (bytes.length - at < INT_BYTES) {
          this.#held = bytes.subarray(at);
          break;
        }
        const type = bytes.readInt32BE(at);
        const isType = TYPES.has(type);
        this.#type = isType ? type : undefined;
        this.#step = isType ? 'zxid' : 'unknown';
        this.#left = ZXID_BYTES;
        starts = isType;
        if (isType) at += INT_BYTES;
      } else if (this.#step === 'zxid' || this.#step === 'data' || this.#step === 'auth') {
        const passed = Math.min(this.#left, bytes.length - at);
        at += passed;
        this.#left -= passed;
        if (this.#left === 0 && this.#passed()) cut(true);
      } else {
        at = this.#passInt(bytes, at);
        if (this.#intBytes === INT_BYTES && this.#counted()) cut(true);
      }
    }
    cut(false);
    return { bytes, pieces };
  }

  #recognise(chunk: Buffer): Scanned {
    const attempt = new PacketScanner('type');
    const scanned = attempt.scan(chunk);
    if (attempt.isBetweenPackets && scanned.pieces.some(({ ends }) => ends)) {
      this.#step = attempt.#step;
      this.#matched = attempt.#matched;
      this.#type = undefined;
      return scanned;
    }
    return {
      bytes: chunk,
      pieces: [{ from: 0, to: chunk.length, type: undefined, starts: false, ends: false }],
    };
  }

  /** After the bytes that were passed over. True at the end of a packet. */
  #passed(): boolean {
    if (this.#step === 'zxid') this.#step = 'dataLength';
    else if (this.#step === 'data') this.#step = 'authCount';
    else return this.#textPassed();
    return false;
  }

  #textPassed(): boolean {
    this.#texts -= 1;
    if (this.#texts > 0) this.#step = 'authLength';
    return this.#texts === 0 && this.#ended();
  }

  #passInt(bytes: Buffer, start: number): number {
    let at = start;
    for (; this.#intBytes < INT_BYTES && at < bytes.length; at++, this.#intBytes++)
      this.#int = (this.#int << 8) | bytes[at]!;
    return at;
  }

  /** After a length or a count. True at the end of a packet. */
  #counted(): boolean {
    const count = this.#int;
    this.#int = 0;
    this.#intBytes = 0;
    const most = { dataLength: DATA_BYTES_MAX, authCount: AUTHS_MAX, authLength: AUTH_BYTES_MAX };
    const step = this.#step as keyof typeof most;
    if (count < -1 || count > most[step]) {
      this.#step = 'unknown';
      return false;
    }
    this.#left = Math.max(0, count);
    if (step === 'dataLength') this.#step = count > 0 ? 'data' : 'authCount';
    else if (step === 'authLength' && count > 0) this.#step = 'auth';
    else if (step === 'authLength') return this.#textPassed();
    else {
      this.#texts = 2 * this.#left;
      this.#step = 'authLength';
      return this.#texts === 0 && this.#ended();
    }
    return false;
  }

  #ended(): true {
    this.#step = this.#type === PacketType.SNAP ? 'snapshot' : 'type';
    return true;
  }

  /** Behind the signature, or at the end of the chunk. */
  #passSnapshot(bytes: Buffer, start: number): number {
    this.#type = undefined;
    for (let at = start; at < bytes.length; at++) {
      while (this.#matched > 0 && bytes[at] !== SIGNATURE[this.#matched])
        this.#matched = fallBack(this.#matched);
      if (bytes[at] === SIGNATURE[this.#matched]) this.#matched += 1;
      if (this.#matched < SIGNATURE.length) continue;
      this.#matched = 0;
      this.#step = 'type';
      return at + 1;
    }
    return bytes.length;
  }
}

/** The longest shorter match: the signature begins with three zeros, and repeats nothing else. */
function fallBack(matched: number): number {
  return matched <= 3 ? matched - 1 : 0;
}
