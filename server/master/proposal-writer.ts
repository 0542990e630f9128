import { DIGEST_VERSION, type TreeDigest } from '../tree/digest.ts';
import { JuteWriter } from '../wire/jute.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { type TxnBody, type TxnHeader, writeTxnBody, writeTxnHeader } from '../wire/txn.ts';
import { TXN_START } from '../wire/txn-packet.ts';

/** Serialises each transaction once: the log, PROPOSAL and INFORM take the same bytes. */
export class ProposalWriter {
  readonly #writer = new JuteWriter(1024);
  readonly #digest: TreeDigest | null;
  /** Sizes of the transactions in proposals, in bytes, for `srvr`. */
  readonly sizes = { last: -1, min: -1, max: -1 };

  /** `digest`: that of the tree after the transaction being written; null when `digest.enabled` is false. */
  constructor(digest: TreeDigest | null) {
    this.#digest = digest;
  }

  write(header: TxnHeader, body: TxnBody): Buffer {
    const writer = this.#writer.reset();
    writer.writeInt(PacketType.PROPOSAL).writeLong(header.zxid).writeInt(0);
    writeTxnHeader(writer, header);
    writeTxnBody(writer, body);
    if (this.#digest !== null) {
      writer.writeInt(DIGEST_VERSION);
      const at = writer.reserve(8);
      this.#digest.writeTo(writer.buffer, at);
    }
    writer.patchInt(TXN_START - 4, writer.length - TXN_START);
    writer.writeInt(-1);
    const bytes = writer.toBuffer();
    this.#measure(bytes.length - TXN_START - 4);
    return bytes;
  }

  #measure(bytes: number): void {
    const { sizes } = this;
    sizes.last = bytes;
    if (bytes > sizes.max) sizes.max = bytes;
    if (sizes.min < 0 || bytes < sizes.min) sizes.min = bytes;
  }
}
