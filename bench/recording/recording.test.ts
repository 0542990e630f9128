import { assert, suite } from '#test';
import { OpCode } from '../../server/wire/opcodes.ts';
import { decodeRecording, type RecordedEvent, RecordingEncoder, RecordingError } from './recording.ts';

const test = suite('recordings: the file');

const shape = { op: OpCode.setData, path: '/a/ä', watch: false, dataBytes: 100, flags: 0 };
const EVENTS: readonly RecordedEvent[] = [
  { kind: 'open', session: 1, atUs: 0, timeoutMs: 10_000 },
  { kind: 'open', session: 2, atUs: 5, timeoutMs: 4_000 },
  { kind: 'request', session: 2, atUs: 2 ** 40, shape, parts: [] },
  {
    kind: 'request',
    session: 1,
    atUs: 2 ** 40,
    shape: { ...shape, op: OpCode.multi, path: '', dataBytes: 0 },
    parts: [shape, { ...shape, op: OpCode.create, flags: 3 }],
  },
  { kind: 'close', session: 2, atUs: 2 ** 40 + 1 },
];

function encoded(events: readonly RecordedEvent[] = EVENTS): Buffer {
  const encoder = new RecordingEncoder();
  const pieces = [encoder.header(true), ...events.map(event => encoder.event(event))];
  const { bytes } = encoder;
  const file = Buffer.concat([...pieces, encoder.end()]);
  assert.is(bytes, file.length);
  return file;
}

test('what was recorded is read back', () => {
  assert.equal(decodeRecording(encoded()), { hashedPaths: true, events: EVENTS });
  assert.equal(decodeRecording(encoded([])).events, []);
});

test('a file that was cut at any byte is refused', () => {
  const file = encoded();
  for (let length = 0; length < file.length; length++)
    assert.throws(() => decodeRecording(file.subarray(0, length)), refused, `${length} bytes`);
});

test('a file with any byte changed is refused', () => {
  const file = encoded();
  for (let at = 0; at < file.length; at++) {
    const changed = Buffer.from(file);
    changed[at]! ^= 0x15;
    assert.throws(() => decodeRecording(changed), refused, `byte ${at}`);
  }
});

test('foreign files, other versions and impossible orders are refused in words', () => {
  const changed = (at: number, value: number) => {
    const file = encoded();
    file[at] = value;
    return file;
  };
  const opens = EVENTS[0]!;
  for (const [file, message] of [
    [Buffer.from('#!/bin/sh\n'), /^it is not a recording of zklab$/],
    [changed(7, 9), /^it is a recording of version 9; accepted is 1$/],
    [Buffer.concat([encoded(), Buffer.of(0)]), /1 bytes follow its end/],
    [encoded([opens, opens]), /session 1 opens twice/],
    [encoded([EVENTS[4]!]), /session 2 is not open/],
    [
      encoded([
        opens,
        { kind: 'request', session: 1, atUs: 0, shape: { ...shape, dataBytes: 2 ** 30 }, parts: [] },
      ]),
      /a request with 1073741824 bytes of data/,
    ],
    [encoded([EVENTS[1]!, opens]), /time goes back from 5 to 0 us/],
  ] as const)
    assert.throws(
      () => decodeRecording(file),
      (error: Error) =>
        message.test(error.message) ||
        (message.test(error.message.replace(/^.*cut: /, '')) && refused(error)),
      message.source,
    );
});

function refused(error: Error): boolean {
  return error instanceof RecordingError && !error.message.includes('\n');
}
