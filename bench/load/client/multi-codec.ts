/** Encodes multi and multiRead: operations in order, each behind a MultiHeader. @see docs/wire.md "Multi" */
import { type Acl, OPEN_ACL_UNSAFE } from '../../../server/wire/acl.ts';
import { JuteError, type JuteReader, type JuteWriter } from '../../../server/wire/jute.ts';
import { readMulti, writeMultiEnd, writeMultiHeader } from '../../../server/wire/multi.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import {
  writeCreateRequest,
  writePathVersionRequest,
  writePathWatchRequest,
  writeSetDataRequest,
} from '../../../server/wire/requests.ts';
import { readStat, type Stat } from '../../../server/wire/stat.ts';

export type MultiOp =
  | {
      op: 'create' | 'create2';
      path: string;
      data?: Uint8Array | null;
      acl?: readonly Acl[];
      flags?: number;
    }
  | { op: 'delete' | 'check'; path: string; version?: number }
  | { op: 'setData'; path: string; data: Uint8Array | null; version?: number };

export type MultiReadOp = { op: 'getData' | 'getChildren'; path: string };

export interface MultiResult {
  /** As the server sends it: -1 for an error. Servers before 3.8.2 may answer create2 as create. */
  type: number;
  err: number;
  path?: string;
  stat?: Stat;
  data?: Buffer | null;
  children?: string[];
}

export function writeMultiRequest(writer: JuteWriter, ops: readonly (MultiOp | MultiReadOp)[]): void {
  for (const op of ops) {
    writeMultiHeader(writer, OpCode[op.op], false, -1);
    writeOp(writer, op);
  }
  writeMultiEnd(writer);
}

function writeOp(writer: JuteWriter, op: MultiOp | MultiReadOp): void {
  const { path } = op;
  switch (op.op) {
    case 'create':
    case 'create2': {
      const { data = null, acl = OPEN_ACL_UNSAFE, flags = 0 } = op;
      writeCreateRequest(writer, { path, data, acl, flags });
      break;
    }
    case 'delete':
    case 'check':
      writePathVersionRequest(writer, { path, version: op.version ?? -1 });
      break;
    case 'setData':
      writeSetDataRequest(writer, { path, data: op.data, version: op.version ?? -1 });
      break;
    case 'getData':
    case 'getChildren':
      writePathWatchRequest(writer, { path, watch: false });
      break;
  }
}

export function readMultiResponse(reader: JuteReader): MultiResult[] {
  const results: MultiResult[] = [];
  readMulti(reader, type => results.push(readResult(reader, type)));
  return results;
}

function readResult(reader: JuteReader, type: number): MultiResult {
  switch (type) {
    case OpCode.error:
      return { type, err: reader.readInt() };
    case OpCode.create:
      return { type, err: 0, path: reader.readString() ?? '' };
    case OpCode.create2:
      return { type, err: 0, path: reader.readString() ?? '', stat: readStat(reader) };
    case OpCode.setData:
      return { type, err: 0, stat: readStat(reader) };
    case OpCode.getData:
      return { type, err: 0, data: copy(reader.readBuffer()), stat: readStat(reader) };
    case OpCode.getChildren:
      return { type, err: 0, children: reader.readVector(r => r.readString() ?? '') ?? [] };
    case OpCode.delete:
    case OpCode.check:
      return { type, err: 0 };
    default:
      throw new JuteError(`a multi response holds operation ${type}`);
  }
}

function copy(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}
