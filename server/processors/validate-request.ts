import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader } from '../wire/jute.ts';
import { readMulti } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import {
  readCreateRequest,
  readPathVersionRequest,
  readSetAclRequest,
  readSetDataRequest,
  skipCreateTtlRequest,
} from '../wire/requests.ts';

/**
 * Whether a write may be proposed at all. A transaction that some server cannot read would stop the whole
 * ensemble for good (ZOOKEEPER-2623: a bare `check` was logged as it was), so the operation must be known,
 * parse to its end, and fit its create mode. Nothing that fails here spends a zxid.
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
      return flagsWithin(readCreateRequest(reader).flags, 0, 3);
    case OpCode.createContainer:
      return flagsWithin(readCreateRequest(reader).flags, 4, 4);
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

function flagsWithin(flags: number, min: number, max: number): number {
  return flags >= min && flags <= max ? ErrorCode.OK : ErrorCode.BADARGUMENTS;
}
