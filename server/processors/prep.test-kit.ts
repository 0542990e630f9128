import { AclDecisions } from '../auth/acl-decisions.ts';
import { testProviders } from '../auth/providers.test-kit.ts';
import { highOf, lowOf } from '../collections/long-map.ts';
import { DataTree } from '../tree/data-tree.ts';
import type { OwnerLayout } from '../tree/owner.ts';
import type { TxnResult } from '../tree/txn-result.ts';
import { type Acl, type Id, OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader, JuteWriter } from '../wire/jute.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import { writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import {
  type ReconfigRequest,
  writeCreateRequest,
  writePathVersionRequest,
  writeReconfigRequest,
  writeSetAclRequest,
  writeSetDataRequest,
} from '../wire/requests.ts';
import { readTxnBody, type TxnBody, type TxnHeader, writeTxnBody } from '../wire/txn.ts';
import type { MultiPreparation } from './multi-preparation.ts';
import { type PrepOptions, PrepRequestProcessor } from './prep-request-processor.ts';
import { Request } from './request.ts';

/** One operation as a client writes it. */
export interface Op {
  readonly op: number;
  readonly write: (writer: JuteWriter) => void;
}

const bytesOf = (data: string | null): Buffer | null => (data === null ? null : Buffer.from(data));

export function create(
  path: string,
  options: { data?: string | null; acl?: readonly Acl[] | null; flags?: number; op?: number } = {},
): Op {
  const { data = null, acl = OPEN_ACL_UNSAFE, flags = 0, op = OpCode.create } = options;
  return { op, write: w => writeCreateRequest(w, { path, data: bytesOf(data), acl, flags }) };
}

export function createTtl(path: string, ttlMs: number, flags = 5): Op {
  const plain = create(path, { flags });
  return {
    op: OpCode.createTTL,
    write: w => {
      plain.write(w);
      w.writeLong(ttlMs);
    },
  };
}

export function remove(path: string, version = -1): Op {
  return { op: OpCode.delete, write: w => writePathVersionRequest(w, { path, version }) };
}

export function check(path: string, version = -1): Op {
  return { op: OpCode.check, write: w => writePathVersionRequest(w, { path, version }) };
}

export function setData(path: string, data: string | null, version = -1): Op {
  return { op: OpCode.setData, write: w => writeSetDataRequest(w, { path, data: bytesOf(data), version }) };
}

export function setAcl(path: string, acl: readonly Acl[] | null, version = -1): Op {
  return { op: OpCode.setACL, write: w => writeSetAclRequest(w, { path, acl, version }) };
}

export function multi(parts: readonly Op[]): Op {
  return {
    op: OpCode.multi,
    write: w => {
      for (const { op, write } of parts) {
        writeMultiHeader(w, op, false, -1);
        write(w);
      }
      writeMultiEnd(w);
    },
  };
}

export function reconfig(asked: Partial<ReconfigRequest> = {}): Op {
  const request = { joining: null, leaving: null, newMembers: null, curConfigId: -1, ...asked };
  return { op: OpCode.reconfig, write: w => writeReconfigRequest(w, request) };
}

export const closeSession: Op = { op: OpCode.closeSession, write() {} };

export function bodyOf({ write }: Op): Buffer {
  const writer = new JuteWriter();
  write(writer);
  return writer.toBuffer();
}

export const EPOCH_MS = 1_700_000_000_000;
export const SESSION = 0x0100_0000_0000_0001n;

interface Prepared {
  readonly header: TxnHeader;
  readonly body: TxnBody;
  readonly digest: bigint;
}

/** A leader's preparation, and the tree that it applies to. Prepared transactions wait until `apply`. */
export class PrepRig {
  readonly tree: DataTree;
  readonly access = new AclDecisions(testProviders());
  readonly prep: PrepRequestProcessor;
  readonly #outstanding: Prepared[] = [];
  #zxid = 0;

  constructor(options: Partial<PrepOptions> = {}, ownerLayout: OwnerLayout = 'plain') {
    this.tree = new DataTree(ownerLayout);
    const defaults = {
      skipAcl: false,
      jute: juteLimits(),
      digestEnabled: true,
      closeSessionTxnEnabled: true,
      reconfigure: () => ErrorCode.RECONFIGDISABLED,
      isReconfiguring: () => false,
    };
    this.prep = new PrepRequestProcessor(this.tree, this.access, { ...defaults, ...options });
  }

  get outstanding(): number {
    return this.#outstanding.length;
  }

  /** The transaction that `apply` will apply next. */
  get next(): Prepared | undefined {
    return this.#outstanding[0];
  }

  /** The transaction that `op` becomes. @throws JuteError */
  prepare(op: Op, session = SESSION, ids: readonly Id[] = []): TxnBody {
    return this.prepareBytes(op.op, bodyOf(op), session, ids);
  }

  prepareBytes(op: number, bytes: Buffer, session = SESSION, ids: readonly Id[] = []): TxnBody {
    const zxid = this.#zxid + 1;
    const time = EPOCH_MS + zxid;
    const request = this.#request(op, bytes, session, ids);
    const body = this.prep.prepare(request, zxid, time);
    this.#zxid = zxid;
    const { sessionHigh: clientHigh, sessionLow: clientLow } = request;
    const header = { clientHigh, clientLow, cxid: zxid, zxid, time, type: body.type };
    this.#outstanding.push({ header, body, digest: this.prep.changes.digest.toBigInt() });
    return body;
  }

  /** Begins a multi that is prepared in slices. Transactions prepared earlier may be applied in between. */
  beginMulti(op: Op): MultiPreparation {
    const zxid = this.#zxid + 1;
    return this.prep.beginMulti(this.#request(op.op, bodyOf(op), SESSION, []), zxid, EPOCH_MS + zxid);
  }

  #request(op: number, bytes: Buffer, session: bigint, ids: readonly Id[]): Request {
    return new Request({
      sessionHigh: highOf(session),
      sessionLow: lowOf(session),
      cxid: this.#zxid + 1,
      op,
      bytes,
      start: 0,
      end: bytes.length,
      isRoomy: false,
      owner: this,
      origin: null,
      identities: () => ids,
      arrivedMs: 0,
    });
  }

  /**
   * Applies the oldest transaction from its bytes, as every server does. Returns it with the digest that was
   * predicted for the tree after it.
   */
  apply(): { body: TxnBody; result: TxnResult; predicted: bigint } | undefined {
    const next = this.#outstanding.shift();
    if (next === undefined) return undefined;
    const writer = new JuteWriter();
    writeTxnBody(writer, next.body);
    const body = readTxnBody(new JuteReader(writer.bytes), next.header.type);
    const result = this.tree.processTxn(next.header, body);
    this.prep.changes.release(next.header.zxid);
    return { body, result, predicted: next.digest };
  }

  applyAll(): void {
    while (this.apply() !== undefined);
  }

  /** Prepares and applies. */
  run(op: Op, session = SESSION, ids: readonly Id[] = []): TxnBody {
    const body = this.prepare(op, session, ids);
    this.applyAll();
    return body;
  }
}

/** The code of a refusal, 0 for any other transaction; for a multi, the codes of its parts. */
export function codeOf(body: TxnBody): number | number[] {
  if (body.type === OpCode.multi) return body.txns.map(txn => (txn.type === OpCode.error ? txn.err : 1));
  return body.type === OpCode.error ? body.err : 0;
}
