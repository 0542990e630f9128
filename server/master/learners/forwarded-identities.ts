import type { Id } from '../../wire/acl.ts';
import { JuteReader } from '../../wire/jute.ts';
import { readAuthinfo } from '../../zab/packet-stream.ts';

/** Limit for one client. Larger identities are read for each request that needs them. */
const CLIENT_BYTES_MAX = 4096;
/** Limit for all remembered clients of one learner. */
const REMEMBERED_BYTES_MAX = 256 * 1024;

/**
 * The identities of a learner's clients. Each request that the learner forwards brings those of its client.
 * The same bytes give the same array here, so they are read once, and what ACLs say of them is decided once.
 */
export class ForwardedIdentities {
  readonly #byBytes = new Map<string, readonly Id[]>();
  #rememberedBytes = 0;

  /** `bytes[start, end)` is the identity vector of a packet that `PacketReader` has cut. */
  read(bytes: Buffer, start: number, end: number): readonly Id[] {
    const length = end - start;
    if (length > CLIENT_BYTES_MAX) return decode(bytes, start, end);
    const key = bytes.toString('latin1', start, end);
    const known = this.#byBytes.get(key);
    if (known !== undefined) return known;
    if (this.#rememberedBytes + length > REMEMBERED_BYTES_MAX) {
      this.#byBytes.clear();
      this.#rememberedBytes = 0;
    }
    const ids = decode(bytes, start, end);
    this.#byBytes.set(key, ids);
    this.#rememberedBytes += length;
    return ids;
  }
}

function decode(bytes: Buffer, start: number, end: number): readonly Id[] {
  return readAuthinfo(new JuteReader(bytes, start, end));
}
