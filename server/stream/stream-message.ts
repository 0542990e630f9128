import { parseTxnPacket } from '../storage/parse-txn.ts';
import type { Acl } from '../wire/acl.ts';
import { OpCode, opName } from '../wire/opcodes.ts';
import { clientIdOf, type TxnBody } from '../wire/txn.ts';
import { txnPacket } from '../wire/txn-packet.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { Gap, StreamTxn } from './plug-in-messages.ts';

/** The number is raised when a consumer of the former format could misread a message of the new one. */
const MESSAGE_FORMAT = 1;

/** One message of a stream, as it goes to the broker. */
export interface StreamMessage {
  /** The position of a stream that ends with this message. */
  readonly zxid: number;
  /** JSON. @see docs/commit-stream.md "Messages" */
  readonly text: string;
}

/** @throws JuteError */
export function txnMessage({ zxid, txn }: StreamTxn): StreamMessage {
  const { header, body } = parseTxnPacket(txnPacket(zxid, txn));
  const session = BigInt.asUintN(64, clientIdOf(header));
  const { cxid, time, type } = header;
  const message = {
    format: MESSAGE_FORMAT,
    kind: 'transaction',
    zxid: zxidToHex(zxid),
    session: `0x${session.toString(16)}`,
    cxid,
    timeMs: time,
    type: opName(type),
    body: bodyJson(body),
  };
  return { zxid, text: JSON.stringify(message) };
}

export function gapMessage({ after, through, reason }: Gap): StreamMessage {
  const message = {
    format: MESSAGE_FORMAT,
    kind: 'gap',
    zxid: zxidToHex(through),
    after: zxidToHex(after),
    reason,
  };
  return { zxid: through, text: JSON.stringify(message) };
}

/**
 * The zxid of a message, from its text. Undefined for anything else: then the stream belongs to somebody
 * else.
 */
export function zxidOfMessage(text: string): number | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { format, zxid } = message as { format?: unknown; zxid?: unknown };
  if (format !== MESSAGE_FORMAT || typeof zxid !== 'string' || !/^0x[0-9a-f]{1,14}$/.test(zxid))
    return undefined;
  const value = Number(zxid);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The fields of a transaction under their jute names, without those that mean nothing outside a server. */
function bodyJson(txn: TxnBody): object {
  switch (txn.type) {
    case OpCode.create:
    case OpCode.create2: {
      const { path, data, acl, ephemeral, parentCVersion } = txn;
      return { path, data: base64(data), acl: aclJson(acl), ephemeral, parentCVersion };
    }
    case OpCode.createContainer: {
      const { path, data, acl, parentCVersion } = txn;
      return { path, data: base64(data), acl: aclJson(acl), parentCVersion };
    }
    case OpCode.createTTL: {
      const { path, data, acl, parentCVersion, ttlMs } = txn;
      return { path, data: base64(data), acl: aclJson(acl), parentCVersion, ttlMs };
    }
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { path: txn.path };
    case OpCode.setData:
    case OpCode.reconfig:
      return { path: txn.path, data: base64(txn.data), version: txn.version };
    case OpCode.setACL:
      return { path: txn.path, acl: aclJson(txn.acl), version: txn.version };
    case OpCode.createSession:
      return { timeoutMs: txn.timeoutMs };
    case OpCode.closeSession:
      return { paths: txn.paths };
    case OpCode.check:
      return { path: txn.path, version: txn.version };
    case OpCode.error:
      return { err: txn.err };
    case OpCode.multi:
      return { operations: txn.txns.map(part => ({ type: opName(part.type), body: bodyJson(part) })) };
  }
}

function base64(data: Buffer | null): string | null {
  return data === null ? null : data.toString('base64');
}

function aclJson(acl: readonly Acl[]): object[] {
  return acl.map(({ perms, id }) => ({ perms, scheme: id.scheme, id: id.id }));
}
