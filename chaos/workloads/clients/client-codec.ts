import { OPEN_ACL_UNSAFE } from '../../../server/wire/acl.ts';
import type { ConnectRequest } from '../../../server/wire/connect.ts';
import { writeConnectRequest } from '../../../server/wire/connect.ts';
import { ErrorCode, errorName } from '../../../server/wire/error-codes.ts';
import { type JuteReader, JuteWriter } from '../../../server/wire/jute.ts';
import { readMultiHeader, writeMultiEnd, writeMultiHeader } from '../../../server/wire/multi.ts';
import { OpCode, Xid } from '../../../server/wire/opcodes.ts';
import {
  readPath,
  writeCreateRequest,
  writePathVersionRequest,
  writePathWatchRequest,
  writeReconfigRequest,
  writeSetDataRequest,
  writeSetWatchesRequest,
} from '../../../server/wire/requests.ts';
import { readStat } from '../../../server/wire/stat.ts';
import type { MultiPart } from '../../checkers/history.ts';
import type { Completion, Invocation } from './history-recorder.ts';

/** Encodes requests of the simulated client as frames, and decodes replies into the terms of a history. */

const ANY_VERSION = -1;
const PERSISTENT = 0;
const NOTHING_ASKED = { joining: null, leaving: null, newMembers: null, curConfigId: ANY_VERSION };

export function connectFrame(request: ConnectRequest): Buffer {
  return framed(writer => writeConnectRequest(writer, request));
}

export function pingFrame(): Buffer {
  return framed(writer => void writer.writeInt(Xid.ping).writeInt(OpCode.ping));
}

export function closeFrame(xid: number): Buffer {
  return framed(writer => void writer.writeInt(xid).writeInt(OpCode.closeSession));
}

/** `zxid`: the client has seen everything up to this one, and wants the events after it. */
export function setWatchesFrame(zxid: number, dataWatches: string[], childWatches: string[]): Buffer {
  return framed(writer => {
    writer.writeInt(Xid.setWatches).writeInt(OpCode.setWatches);
    const none = { existWatches: [], persistentWatches: [], persistentRecursiveWatches: [] };
    writeSetWatchesRequest(writer, { relativeZxid: zxid, dataWatches, childWatches, ...none }, false);
  });
}

export function requestFrame(xid: number, invocation: Invocation): Buffer {
  const { f, path, watch = false, version = ANY_VERSION, flags = PERSISTENT, parts = [] } = invocation;
  const data = dataOf(invocation.value);
  return framed(writer => {
    writer.writeInt(xid).writeInt(OpCode[f]);
    switch (f) {
      case 'create':
        writeCreateRequest(writer, { path, data, acl: OPEN_ACL_UNSAFE, flags });
        break;
      case 'setData':
        writeSetDataRequest(writer, { path, data, version });
        break;
      case 'delete':
        writePathVersionRequest(writer, { path, version });
        break;
      case 'multi':
        for (const part of parts) writePart(writer, part);
        writeMultiEnd(writer);
        break;
      case 'closeSession':
        break;
      case 'getData':
      case 'exists':
      case 'getChildren':
        writePathWatchRequest(writer, { path, watch });
        break;
      case 'sync':
        writer.writeString(path);
        break;
      case 'reconfig':
        writeReconfigRequest(writer, invocation.asked ?? NOTHING_ASKED);
        break;
    }
  });
}

function dataOf(value: string | undefined): Buffer | null {
  return value === undefined ? null : Buffer.from(value);
}

function writePart(writer: JuteWriter, part: MultiPart): void {
  const { f, path, value, version = ANY_VERSION, flags = PERSISTENT } = part;
  writeMultiHeader(writer, OpCode[f], false, -1);
  const data = dataOf(value);
  if (f === 'create') writeCreateRequest(writer, { path, data, acl: OPEN_ACL_UNSAFE, flags });
  else if (f === 'setData') writeSetDataRequest(writer, { path, data, version });
  else writePathVersionRequest(writer, { path, version });
}

/**
 * The `type` and the rest of the completion that a reply stands for. The reader is behind the reply header.
 */
export function completionOf(
  f: Invocation['f'],
  zxid: number,
  err: number,
  body: JuteReader,
): { type: 'ok' | 'fail'; completion: Completion } {
  const isRead = f === 'getData' || f === 'exists' || f === 'getChildren';
  if (isRead && err === ErrorCode.NONODE) return { type: 'ok', completion: { zxid, value: null } };
  if (err !== ErrorCode.OK) return { type: 'fail', completion: { zxid, error: errorName(err) } };
  switch (f) {
    case 'getData': {
      const value = body.readBuffer()?.toString() ?? null;
      const { mzxid, version } = readStat(body);
      return { type: 'ok', completion: { zxid, value, mzxid, version } };
    }
    case 'exists': {
      const { mzxid, version } = readStat(body);
      return { type: 'ok', completion: { zxid, mzxid, version } };
    }
    case 'getChildren':
      return { type: 'ok', completion: { zxid, children: body.readVector(readPath) ?? [] } };
    case 'setData':
      return { type: 'ok', completion: { zxid, version: readStat(body).version } };
    case 'create':
      return { type: 'ok', completion: { zxid, created: readPath(body) } };
    case 'reconfig':
      return { type: 'ok', completion: { zxid, value: body.readBuffer()?.toString() ?? null } };
    case 'multi':
      return multiCompletion(zxid, body);
    default:
      return { type: 'ok', completion: { zxid } };
  }
}

/**
 * A failed multi reports errors only in its parts. Returns the first error that does not follow from another.
 */
function multiCompletion(zxid: number, body: JuteReader): { type: 'ok' | 'fail'; completion: Completion } {
  for (let header = readMultiHeader(body); !header.done; header = readMultiHeader(body)) {
    if (header.type !== OpCode.error) return { type: 'ok', completion: { zxid } };
    const err = body.readInt();
    if (err === ErrorCode.OK || err === ErrorCode.RUNTIMEINCONSISTENCY) continue;
    return { type: 'fail', completion: { zxid, error: errorName(err) } };
  }
  return { type: 'fail', completion: { zxid, error: 'a multi without an answer' } };
}

function framed(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter();
  writer.writeInt(0);
  write(writer);
  writer.patchInt(0, writer.length - 4);
  return writer.toBuffer();
}
