import { JuteReader } from '../wire/jute.ts';
import { readTxnBody, readTxnHeader, TXN_DIGEST_BYTES, type TxnBody, type TxnHeader } from '../wire/txn.ts';
import { TXN_START, type TxnPacket, txnEnd } from '../wire/txn-packet.ts';

export interface ParsedTxn {
  readonly header: TxnHeader;
  readonly body: TxnBody;
  /** Where the digest starts in the packet's bytes; -1 when it carries none. */
  readonly digestAt: number;
}

/** `body` views the packet's bytes. @throws JuteError */
export function parseTxnPacket(packet: TxnPacket): ParsedTxn {
  const reader = new JuteReader(packet.bytes, TXN_START, txnEnd(packet));
  const header = readTxnHeader(reader);
  const body = readTxnBody(reader, header.type);
  return { header, body, digestAt: reader.remaining >= TXN_DIGEST_BYTES ? reader.offset : -1 };
}
