/** Reads of a client's request what is recorded: everything but data, ACLs and credentials. */
import { createHash } from 'node:crypto';
import { readAcls } from '../../server/wire/acl.ts';
import type { JuteReader } from '../../server/wire/jute.ts';
import { readMulti } from '../../server/wire/multi.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import type { RequestShape } from './recording.ts';

export type PathText = (path: string) => string;

const NOTHING = { path: '', watch: false, dataBytes: 0, flags: 0 } as const;
/** Enough to keep the names of a tree apart. */
const HASH_CHARACTERS = 12;

/** Hashes each name of a path by itself, so that parents stay parents. */
export function hashedPath(path: string): string {
  return path
    .split('/')
    .map(name =>
      name === '' ? '' : createHash('sha256').update(name).digest('hex').slice(0, HASH_CHARACTERS),
    )
    .join('/');
}

/** @param reader at the body of the request. @throws JuteError */
export function readRequest(
  op: number,
  reader: JuteReader,
  pathText: PathText,
): { readonly shape: RequestShape; readonly parts: readonly RequestShape[] } {
  if (op !== OpCode.multi && op !== OpCode.multiRead)
    return { shape: readShape(op, reader, pathText), parts: [] };
  const parts: RequestShape[] = [];
  readMulti(reader, type => parts.push(readShape(type, reader, pathText)));
  return { shape: { op, ...NOTHING }, parts };
}

function readShape(op: number, reader: JuteReader, pathText: PathText): RequestShape {
  const path = () => pathText(reader.readString() ?? '');
  switch (op) {
    case OpCode.getData:
    case OpCode.exists:
    case OpCode.getChildren:
    case OpCode.getChildren2:
      return { op, ...NOTHING, path: path(), watch: reader.remaining > 0 && reader.readBoolean() };
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL: {
      const shape = { op, ...NOTHING, path: path(), dataBytes: dataBytesOf(reader) };
      readAcls(reader);
      const flags = reader.readInt();
      if (op === OpCode.createTTL) reader.readLong();
      return { ...shape, flags };
    }
    case OpCode.setData: {
      const shape = { op, ...NOTHING, path: path(), dataBytes: dataBytesOf(reader) };
      reader.readInt();
      return shape;
    }
    case OpCode.delete:
    case OpCode.check: {
      const shape = { op, ...NOTHING, path: path() };
      reader.readInt();
      return shape;
    }
    case OpCode.setACL:
    case OpCode.getACL:
    case OpCode.sync:
      return { op, ...NOTHING, path: path() };
    default:
      return { op, ...NOTHING };
  }
}

function dataBytesOf(reader: JuteReader): number {
  const from = reader.offset;
  reader.skipField();
  return reader.offset - from - 4;
}
