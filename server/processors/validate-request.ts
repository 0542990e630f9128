import type { Acl } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader } from '../wire/jute.ts';
import { readMulti } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import {
  type CreateRequest,
  readCreateRequest,
  readCreateTtlRequest,
  readPathVersionRequest,
  readReconfigRequest,
  readSetAclRequest,
  readSetDataRequest,
} from '../wire/requests.ts';
import { skipPart } from './multi-parts.ts';
import {
  isAclRefused,
  isPath,
  isPathToCreate,
  isPathToDelete,
  type Requester,
  refusalOfMode,
} from './request-rules.ts';

/**
 * Decides whether a write may be proposed at all. A transaction that some server cannot read would stop the
 * whole ensemble for good (ZOOKEEPER-2623: a bare `check` was logged as it was). So the operation must be
 * known, its body must parse to the end, and it must not be wrong in itself. A request that fails here spends
 * no zxid.
 *
 * A multi only has to parse: which of its parts fails first depends on the tree, and its answer names that
 * part.
 */
export function validateWrite(
  op: number,
  bytes: Buffer,
  start: number,
  end: number,
  requester: Requester,
): number {
  try {
    const reader = new JuteReader(bytes, start, end);
    return op === OpCode.multi ? validateMulti(reader) : validateOne(op, reader, requester);
  } catch {
    return ErrorCode.MARSHALLINGERROR;
  }
}

/** The reply to a sync repeats its path, so that has to be one that the client can read. */
export function validateSync(bytes: Buffer, start: number, end: number): number {
  try {
    new JuteReader(bytes, start, end).readString();
    return ErrorCode.OK;
  } catch {
    return ErrorCode.MARSHALLINGERROR;
  }
}

function validateOne(op: number, reader: JuteReader, requester: Requester): number {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return refusalOfCreate(op, readCreateRequest(reader), requester);
    case OpCode.createTTL:
      return refusalOfCreate(op, readCreateTtlRequest(reader), requester);
    case OpCode.delete:
      return okIf(isPathToDelete(readPathVersionRequest(reader).path));
    case OpCode.setData:
      return okIf(isPath(readSetDataRequest(reader).path));
    case OpCode.setACL: {
      const { path, acl } = readSetAclRequest(reader);
      return isPath(path) ? refusalOfAcl(acl, requester) : ErrorCode.BADARGUMENTS;
    }
    case OpCode.reconfig:
      readReconfigRequest(reader);
      return requester.reconfigEnabled ? ErrorCode.OK : ErrorCode.RECONFIGDISABLED;
    case OpCode.closeSession:
    case OpCode.createSession:
      return ErrorCode.OK;
    default:
      return ErrorCode.UNIMPLEMENTED;
  }
}

function refusalOfCreate(
  op: number,
  asked: CreateRequest & { readonly ttlMs?: number },
  requester: Requester,
): number {
  const refused = refusalOfMode(op, asked, requester.ownerLayout);
  if (refused !== ErrorCode.OK) return refused;
  return isPathToCreate(asked.path) ? refusalOfAcl(asked.acl, requester) : ErrorCode.BADARGUMENTS;
}

function okIf(isRight: boolean): number {
  return isRight ? ErrorCode.OK : ErrorCode.BADARGUMENTS;
}

function refusalOfAcl(acl: readonly Acl[] | null, requester: Requester): number {
  return isAclRefused(acl, requester) ? ErrorCode.INVALIDACL : ErrorCode.OK;
}

/**
 * A create without a list of ACLs (null, not empty) is refused either way. Within a multi it must not reach a
 * leader of Apache's: from 3.8.6 on that throws where it reads it, and 3.9.5 then proposes a zxid twice and
 * commits nothing any more.
 */
function validateMulti(reader: JuteReader): number {
  let worst: number = ErrorCode.OK;
  readMulti(reader, (type, r) => {
    if (!skipPart(type, r)) worst = ErrorCode.INVALIDACL;
  });
  return worst;
}
