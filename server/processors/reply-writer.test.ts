import { assert, suite } from '#test';
import type { Connection } from '../runtime/runtime.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader, JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { partTypes } from './multi-parts.ts';
import { check, create, multi, type Op, PrepRig, remove, setAcl, setData } from './prep.test-kit.ts';
import { ReplyWriter, writeMultiReply, writeTxnReply } from './reply-writer.ts';

const test = suite('processors: replies');

/** Copies the bytes of each write, as a network must: the same buffer holds another reply later. */
function sink(): { connection: Connection; frames: string[] } {
  const frames: string[] = [];
  const write = (bytes: Uint8Array, start = 0, end = bytes.length): boolean => {
    frames.push(Buffer.from(bytes.subarray(start, end)).toString('hex'));
    return frames.length < 3;
  };
  return { connection: { write } as unknown as Connection, frames };
}

const hex = (text: string): string => text.replaceAll(' ', '');

test('a frame has length, xid, zxid, code and body; an error has the header alone, 16 bytes', () => {
  const replies = new ReplyWriter();
  const { connection, frames } = sink();
  replies.begin().writer.writeString('/a');
  assert.is(replies.send(connection, 7, 0x1_0000_0002, ErrorCode.OK), true);
  replies.begin().writer.writeString('dropped');
  replies.send(connection, 8, 3, ErrorCode.NONODE);
  replies.begin();
  assert.is(replies.send(connection, -4, -1, ErrorCode.OK), false, 'back-pressure is passed on');
  assert.equal(
    frames,
    [
      '00000016 00000007 0000000100000002 00000000 00000002 2f61',
      '00000010 00000008 0000000000000003 ffffff9b',
      '00000010 fffffffc ffffffffffffffff 00000000',
    ].map(hex),
  );
});

test('large data goes out without a copy, in its place, and counts', () => {
  const replies = new ReplyWriter();
  const data = Buffer.alloc(100_000, 7);
  const sent: Uint8Array[] = [];
  const shared: Uint8Array[] = [];
  const connection = {
    write(bytes: Uint8Array, start = 0, end = bytes.length) {
      sent.push(Buffer.from(bytes.subarray(start, end)));
      return true;
    },
    writeShared(bytes: Uint8Array) {
      shared.push(bytes);
      sent.push(bytes);
      return true;
    },
  } as unknown as Connection;
  const body = replies.begin();
  body.writeData(data);
  body.writer.writeInt(1);
  body.writeData(Buffer.from('small'));
  body.writeData(data);
  body.writeData(null);
  replies.send(connection, 7, 2, ErrorCode.OK);
  const frame = Buffer.concat(sent);
  const reader = new JuteReader(frame, 0);
  assert.is(reader.readInt(), frame.length - 4);
  assert.equal([reader.readInt(), reader.readLong(), reader.readInt()], [7, 2, ErrorCode.OK]);
  assert.ok(reader.readBuffer()!.equals(data));
  assert.equal([reader.readInt(), String(reader.readBuffer())], [1, 'small']);
  assert.ok(reader.readBuffer()!.equals(data));
  assert.is(reader.readBuffer(), null);
  assert.is(reader.remaining, 0);
  assert.ok(shared.length === 2 && shared.every(each => each === data), 'the very same memory');
  assert.is(replies.replyBytes, frame.length - 4);

  sent.length = 0;
  replies.begin().writeData(data);
  replies.send(connection, 8, 3, ErrorCode.NONODE);
  replies.begin().writer.writeInt(5);
  replies.send(connection, 9, 3, ErrorCode.OK);
  assert.is(
    Buffer.concat(sent).toString('hex').length,
    2 * (20 + 24),
    'nothing of it is left in the next replies',
  );
});

function asked(op: Op): number[] {
  const request = new JuteWriter();
  op.write(request);
  return partTypes(new JuteReader(request.toBuffer()));
}

/** The body that answers `op`. */
function bodyFor(rig: PrepRig, op: Op): string {
  rig.prepare(op);
  const { result } = rig.apply()!;
  const writer = new JuteWriter();
  if (op.op === OpCode.multi) writeMultiReply(writer, result, asked(op));
  else writeTxnReply(writer, result, 'plain');
  return writer.bytes.toString('hex');
}

const STAT_HEX_CHARS = 136;

test('bodies: create a path; create2 and createContainer path and Stat; setData and setACL a Stat; delete nothing', () => {
  const rig = new PrepRig();
  assert.is(bodyFor(rig, create('/a')), hex('00000002 2f61'));
  const create2 = bodyFor(rig, create('/b', { op: OpCode.create2, data: 'xyz' }));
  assert.is(create2.slice(0, 12), hex('00000002 2f62'));
  assert.is(create2.length, 12 + STAT_HEX_CHARS);
  assert.is(create2.slice(12, 28), '0000000000000002', 'czxid');
  const container = bodyFor(rig, create('/c', { op: OpCode.createContainer, flags: 4 }));
  assert.is(container.slice(12 + 88, 12 + 104), '0'.repeat(16), 'the mark of a container is not shown');
  assert.is(bodyFor(rig, setData('/a', 'x')).length, STAT_HEX_CHARS);
  assert.is(bodyFor(rig, setAcl('/a', OPEN_ACL_UNSAFE)).length, STAT_HEX_CHARS);
  assert.is(bodyFor(rig, remove('/a')), '');
});

test('within a multi, a create with the container flag is answered as a create2', () => {
  const rig = new PrepRig();
  const body = bodyFor(rig, multi([create('/m', { flags: 4 }), create('/n')]));
  assert.is(body.slice(0, 30), hex('0000000f 00 00000000 00000002 2f6d'));
  assert.is(body.slice(30 + STAT_HEX_CHARS), hex('00000001 00 00000000 00000002 2f6e ffffffff 01 ffffffff'));
});

test('facts 24: a failed multi of three', () => {
  const rig = new PrepRig();
  const failed = multi([create('/m', { op: OpCode.create2 }), check('/', 99), remove('/m')]);
  const parts = [
    'ffffffff 00 00000000 00000000',
    'ffffffff 00 ffffff99 ffffff99',
    'ffffffff 00 fffffffe fffffffe',
    'ffffffff 01 ffffffff',
  ];
  assert.is(bodyFor(rig, failed), hex(parts.join('')));
});

test('a successful multi answers each part under its type, creates that carry a Stat as create2 (4026)', () => {
  const rig = new PrepRig();
  const body = bodyFor(
    rig,
    multi([
      create('/a'),
      create('/b', { op: OpCode.create2 }),
      create('/c', { op: OpCode.createContainer, flags: 4 }),
      setData('/a', 'x'),
      setData('/a', 'yz'),
      check('/a', 2),
      remove('/b'),
    ]),
  );
  let at = 0;
  const take = (chars: number): string => {
    at += chars;
    return body.slice(at - chars, at);
  };
  const header = (type: string): void => assert.is(take(18), `${type}00${'00000000'}`);
  header('00000001');
  assert.is(take(12), hex('00000002 2f61'));
  for (const name of ['62', '63']) {
    header('0000000f');
    assert.is(take(12), hex(`00000002 2f${name}`));
    take(STAT_HEX_CHARS);
  }
  for (const [version, dataLength] of [
    ['00000001', '00000001'],
    ['00000002', '00000002'],
  ]) {
    header('00000005');
    const stat = take(STAT_HEX_CHARS);
    assert.equal(
      [stat.slice(64, 72), stat.slice(104, 112)],
      [version, dataLength],
      'as it was right after its part',
    );
  }
  header('0000000d');
  header('00000002');
  assert.is(take(18), 'ffffffff01ffffffff');
  assert.is(at, body.length);
  assert.is(bodyFor(rig, multi([])), 'ffffffff01ffffffff');
});
