import { JuteError, type JuteReader } from '../wire/jute.ts';
import { readMulti } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import {
  readCreateRequest,
  readPathVersionRequest,
  readSetDataRequest,
  skipCreateTtlRequest,
} from '../wire/requests.ts';

/** Reads past the body of a part of a multi. @throws JuteError for what cannot be a part */
export function skipPart(type: number, reader: JuteReader): void {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      readCreateRequest(reader);
      return;
    case OpCode.createTTL:
      skipCreateTtlRequest(reader);
      return;
    case OpCode.delete:
    case OpCode.check:
      readPathVersionRequest(reader);
      return;
    case OpCode.setData:
      readSetDataRequest(reader);
      return;
    default:
      throw new JuteError(`multi with operation ${type}`);
  }
}

/** The operations that a client asked for: the parts of the transaction do not tell create from create2. */
export function partTypes(reader: JuteReader): number[] {
  const types: number[] = [];
  readMulti(reader, (type, r) => {
    types.push(type);
    skipPart(type, r);
  });
  return types;
}
