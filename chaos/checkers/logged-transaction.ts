/** Transactions as servers log them, in the terms of checkers. */
import { errorName } from '../../server/wire/error-codes.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import { clientIdOf, type TxnBody, type TxnHeader } from '../../server/wire/txn.ts';
import type { Change, Transaction } from './transaction.ts';

export function transactionOf(header: TxnHeader, body: TxnBody, timeMs: number): Transaction {
  const session = BigInt.asUintN(64, clientIdOf(header)).toString(16);
  return { zxid: header.zxid, timeMs, session, change: changeOf(body) };
}

function changeOf(body: TxnBody): Change {
  switch (body.type) {
    case OpCode.create:
    case OpCode.create2: {
      const { path, data, ephemeral } = body;
      return { f: 'create', path, value: data?.toString() ?? null, ephemeral };
    }
    case OpCode.createContainer:
    case OpCode.createTTL: {
      const { path, data } = body;
      return { f: 'create', path, value: data?.toString() ?? null, ephemeral: false };
    }
    case OpCode.setData: {
      const { path, data, version } = body;
      return { f: 'setData', path, value: data?.toString() ?? null, version };
    }
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { f: 'delete', path: body.path };
    case OpCode.createSession:
      return { f: 'createSession', timeoutMs: body.timeoutMs };
    case OpCode.closeSession:
      return { f: 'closeSession' };
    case OpCode.error:
      return { f: 'error', error: errorName(body.err) };
    case OpCode.multi:
      return { f: 'multi', changes: body.txns.map(changeOf) };
    case OpCode.reconfig:
      return { f: 'reconfig', value: body.data?.toString() ?? null };
    case OpCode.check:
    case OpCode.setACL:
      return { f: 'none' };
  }
}
