import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader } from '../wire/jute.ts';
import { readMulti } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import {
  type CreateRequest,
  readCreateRequest,
  readPathVersionRequest,
  readSetAclRequest,
  readSetDataRequest,
  skipCreateTtlRequest,
} from '../wire/requests.ts';

/**
 * Whether a write may be proposed at all. A transaction that some server cannot read would stop the whole
 * ensemble for good (ZOOKEEPER-2623: a bare `check` was logged as it was), so the operation must be known
 * and parse to its end. Nothing that fails here spends a zxid.
 */
export function validateWrite(op: number, bytes: Buffer, start: number, end: number): number {
  try {
    return validateBody(op, new JuteReader(bytes, start, end), false);
  } catch {
    return ErrorCode.MARSHALLINGERROR;
  }
}

function validateBody(op: number, reader: JuteReader, inMulti: boolean): number {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return checkCreate(readCreateRequest(reader), inMulti);
    case OpCode.createTTL:
      if (!inMulti) return ErrorCode.UNIMPLEMENTED;
      skipCreateTtlRequest(reader);
      return ErrorCode.OK;
    case OpCode.delete:
      readPathVersionRequest(reader);
      return ErrorCode.OK;
    case OpCode.check:
      if (!inMulti) return ErrorCode.UNIMPLEMENTED;
      readPathVersionRequest(reader);
      return ErrorCode.OK;
    case OpCode.setData:
      readSetDataRequest(reader);
      return ErrorCode.OK;
    case OpCode.setACL:
      if (inMulti) return ErrorCode.UNIMPLEMENTED;
      readSetAclRequest(reader);
      return ErrorCode.OK;
    case OpCode.multi: {
      if (inMulti) return ErrorCode.UNIMPLEMENTED;
      let worst: number = ErrorCode.OK;
      readMulti(reader, (type, r) => {
        const code = validateBody(type, r, true);
        if (code === ErrorCode.UNIMPLEMENTED) throw new Error('a part whose length is unknown');
        if (code !== ErrorCode.OK) worst = code;
      });
      return worst;
    }
    case OpCode.reconfig:
      return inMulti ? ErrorCode.UNIMPLEMENTED : ErrorCode.RECONFIGDISABLED;
    case OpCode.closeSession:
    case OpCode.createSession:
      return inMulti ? ErrorCode.UNIMPLEMENTED : ErrorCode.OK;
    default:
      return ErrorCode.UNIMPLEMENTED;
  }
}

/**
 * Without a list of ACLs (null, not empty) a create is refused either way. Within a multi it must not reach a leader of Apache's:
 * from 3.8.6 on that throws where it reads it, and 3.9.5 then proposes a zxid again and commits nothing any more.
 */
function checkCreate(asked: CreateRequest, inMulti: boolean): number {
  return inMulti && asked.acl === null ? ErrorCode.INVALIDACL : ErrorCode.OK;
}
