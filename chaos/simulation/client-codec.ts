import { OPEN_ACL_UNSAFE } from '../../server/wire/acl.ts';
import type { ConnectRequest } from '../../server/wire/connect.ts';
import { writeConnectRequest } from '../../server/wire/connect.ts';
import { ErrorCode, errorName } from '../../server/wire/error-codes.ts';
import { type JuteReader, JuteWriter } from '../../server/wire/jute.ts';
import { OpCode, Xid } from '../../server/wire/opcodes.ts';
import {
  writeCreateRequest,
  writePathVersionRequest,
  writePathWatchRequest,
  writeSetDataRequest,
} from '../../server/wire/requests.ts';
import { readStat } from '../../server/wire/stat.ts';
import type { Completion, Invocation } from './recorder.ts';

/** Requests of the simulated client as frames, and what replies say in terms of a history. */

const ANY_VERSION = -1;
const PERSISTENT = 0;

export function connectFrame(request: ConnectRequest): Buffer {
  return framed(writer => writeConnectRequest(writer, request));
}

export function pingFrame(): Buffer {
  return framed(writer => void writer.writeInt(Xid.ping).writeInt(OpCode.ping));
}

export function closeFrame(xid: number): Buffer {
  return framed(writer => void writer.writeInt(xid).writeInt(OpCode.closeSession));
}

export function requestFrame(xid: number, { f, path, value }: Invocation): Buffer {
  const data = value === undefined ? null : Buffer.from(value);
  return framed(writer => {
    writer.writeInt(xid).writeInt(OpCode[f]);
    switch (f) {
      case 'create':
        writeCreateRequest(writer, { path, data, acl: OPEN_ACL_UNSAFE, flags: PERSISTENT });
        break;
      case 'setData':
        writeSetDataRequest(writer, { path, data, version: ANY_VERSION });
        break;
      case 'delete':
        writePathVersionRequest(writer, { path, version: ANY_VERSION });
        break;
      case 'getData':
        writePathWatchRequest(writer, { path, watch: false });
        break;
      case 'sync':
        writer.writeString(path);
        break;
    }
  });
}

/** `type` and the rest of the completion that a reply stands for. The reader is behind the reply header. */
export function completionOf(
  f: Invocation['f'],
  zxid: number,
  err: number,
  body: JuteReader,
): { type: 'ok' | 'fail'; completion: Completion } {
  if (f === 'getData' && err === ErrorCode.NONODE) return { type: 'ok', completion: { zxid, value: null } };
  if (err !== ErrorCode.OK) return { type: 'fail', completion: { zxid, error: errorName(err) } };
  if (f === 'getData') {
    const value = body.readBuffer()?.toString() ?? null;
    const { mzxid, version } = readStat(body);
    return { type: 'ok', completion: { zxid, value, mzxid, version } };
  }
  if (f === 'setData') return { type: 'ok', completion: { zxid, version: readStat(body).version } };
  return { type: 'ok', completion: { zxid } };
}

function framed(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter();
  writer.writeInt(0);
  write(writer);
  writer.patchInt(0, writer.length - 4);
  return writer.toBuffer();
}
