import { JuteError, type JuteReader } from '../wire/jute.ts';
import { readMulti } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';

/**
 * Skips the body of a part of a multi without making objects. False for a create without a list of ACLs.
 * @throws JuteError when the bytes cannot be a part
 */
export function skipPart(type: number, reader: JuteReader): boolean {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return skipCreate(reader);
    case OpCode.createTTL: {
      const hasAcls = skipCreate(reader);
      reader.skip(8);
      return hasAcls;
    }
    case OpCode.delete:
    case OpCode.check:
      skipPath(reader);
      reader.skip(4);
      return true;
    case OpCode.setData:
      skipPath(reader);
      reader.skipField();
      reader.skip(4);
      return true;
    default:
      throw new JuteError(`a multi cannot contain operation ${type}`);
  }
}

function skipCreate(reader: JuteReader): boolean {
  skipPath(reader);
  reader.skipField();
  const entries = reader.readInt();
  if (entries < -1) throw new JuteError(`a vector cannot have ${entries} items`);
  for (let left = entries; left > 0; left--) {
    reader.skip(4);
    reader.skipField();
    reader.skipField();
  }
  reader.skip(4);
  return entries >= 0;
}

function skipPath(reader: JuteReader): void {
  if (!reader.skipField()) throw new JuteError('the path is null');
}

/**
 * The operations that a client asked for. The parts of the transaction do not distinguish create from
 * create2.
 */
export function partTypes(reader: JuteReader): number[] {
  const types: number[] = [];
  readMulti(reader, (type, r) => {
    types.push(type);
    skipPart(type, r);
  });
  return types;
}
