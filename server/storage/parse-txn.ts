import { JuteError, JuteReader } from '../wire/jute.ts';
import { readTxnBody, readTxnHeader, TXN_DIGEST_BYTES, type TxnBody, type TxnHeader } from '../wire/txn.ts';
import { TXN_START, type TxnPacket, txnEnd } from '../wire/txn-packet.ts';
import { zxidToHex } from '../wire/zxid.ts';

export interface ParsedTxn {
  readonly header: TxnHeader;
  readonly body: TxnBody;
  /** Where the digest starts in the packet's bytes; -1 when it carries none. */
  readonly digestAt: number;
}

/** A transaction that was parsed when it arrived, so that it need not be parsed again at its commit. */
export interface ReadTxnPacket extends TxnPacket {
  readonly parsed: ParsedTxn;
}

/**
 * Parses a transaction before it is logged: one that cannot be read back would keep this server from ever
 * starting again.
 * @throws JuteError
 */
export function readTxnPacket(packet: TxnPacket): ReadTxnPacket {
  const parsed = parseTxnPacket(packet);
  const { zxid } = parsed.header;
  if (zxid !== packet.zxid)
    throw new JuteError(
      `the packet of ${zxidToHex(packet.zxid)} contains the transaction ${zxidToHex(zxid)}`,
    );
  return { zxid, bytes: packet.bytes, parsed };
}

/** `body` views the packet's bytes. @throws JuteError */
export function parseTxnPacket(packet: TxnPacket | ReadTxnPacket): ParsedTxn {
  if ('parsed' in packet) return packet.parsed;
  const reader = new JuteReader(packet.bytes, TXN_START, txnEnd(packet));
  const header = readTxnHeader(reader);
  const body = readTxnBody(reader, header.type);
  return { header, body, digestAt: reader.remaining >= TXN_DIGEST_BYTES ? reader.offset : -1 };
}
