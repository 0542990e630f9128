import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { OPEN_ACL_UNSAFE } from '../../server/wire/acl.ts';
import { writeConnectRequest } from '../../server/wire/connect.ts';
import { JuteWriter } from '../../server/wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../../server/wire/multi.ts';
import { OpCode, Xid } from '../../server/wire/opcodes.ts';
import {
  writeCreateRequest,
  writePathWatchRequest,
  writeSetDataRequest,
} from '../../server/wire/requests.ts';
import { ClientTap } from './client-tap.ts';
import { decodeRecording, type RecordedEvent } from './recording.ts';
import { RecordingFile, readRecording } from './recording-file.ts';
import { RecordingProxy } from './recording-proxy.ts';
import { hashedPath } from './request-shape.ts';

const test = suite('recordings: what a client requests');

const SECRET = Buffer.from('the data of a node');

function frame(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter().writeInt(0);
  write(writer);
  writer.patchInt(0, writer.length - 4);
  return writer.toBuffer();
}

const request = (xid: number, op: number, write: (writer: JuteWriter) => void = () => {}) =>
  frame(writer => {
    writer.writeInt(xid).writeInt(op);
    write(writer);
  });

const CONNECT = frame(writer =>
  writeConnectRequest(writer, {
    protocolVersion: 0,
    lastZxidSeen: 0,
    timeoutMs: 4_000,
    sessionId: 0n,
    password: Buffer.alloc(16),
    readOnly: false,
  }),
);

const STREAM = Buffer.concat([
  CONNECT,
  request(1, OpCode.getData, w => writePathWatchRequest(w, { path: '/a', watch: true })),
  request(Xid.ping, OpCode.ping),
  request(2, OpCode.setData, w => writeSetDataRequest(w, { path: '/a/b', data: SECRET, version: 3 })),
  request(3, OpCode.create, w =>
    writeCreateRequest(w, { path: '/a/c-', data: SECRET, acl: OPEN_ACL_UNSAFE, flags: 3 }),
  ),
  request(4, OpCode.multi, w => {
    writeMultiHeader(w, OpCode.check, false, -1);
    w.writeString('/a').writeInt(1);
    writeMultiHeader(w, OpCode.setData, false, -1);
    writeSetDataRequest(w, { path: '/a', data: SECRET, version: -1 });
    writeMultiEnd(w);
  }),
  request(5, OpCode.closeSession),
]);

function tapped(chunks: readonly Buffer[], pathText = (path: string) => path): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  const tap = new ClientTap({ session: 7, pathText, nowUs: () => 0, onEvent: event => events.push(event) });
  for (const chunk of chunks) assert.ok(tap.feed(chunk));
  tap.end();
  return events;
}

test('each request is recorded with its path, watch, size and mode, and without its data', () => {
  const shape = { path: '', watch: false, dataBytes: 0, flags: 0 };
  const at = { session: 7, atUs: 0 };
  assert.equal(tapped([STREAM]), [
    { kind: 'open', ...at, timeoutMs: 4_000 },
    { kind: 'request', ...at, shape: { ...shape, op: OpCode.getData, path: '/a', watch: true }, parts: [] },
    {
      kind: 'request',
      ...at,
      shape: { ...shape, op: OpCode.setData, path: '/a/b', dataBytes: 18 },
      parts: [],
    },
    {
      kind: 'request',
      ...at,
      shape: { ...shape, op: OpCode.create, path: '/a/c-', dataBytes: 18, flags: 3 },
      parts: [],
    },
    {
      kind: 'request',
      ...at,
      shape: { ...shape, op: OpCode.multi },
      parts: [
        { ...shape, op: OpCode.check, path: '/a' },
        { ...shape, op: OpCode.setData, path: '/a', dataBytes: 18 },
      ],
    },
    { kind: 'close', ...at },
  ]);
});

test('the bytes may come in any pieces', () => {
  const whole = tapped([STREAM]);
  for (let at = 1; at < STREAM.length; at++)
    assert.equal(
      tapped([Buffer.from(STREAM.subarray(0, at)), Buffer.from(STREAM.subarray(at))]),
      whole,
      `cut at ${at}`,
    );
  assert.equal(tapped([...STREAM].map(byte => Buffer.of(byte))), whole);
});

test('hashed paths keep their parents apart and together, and show no name', () => {
  assert.is(hashedPath('/'), '/');
  assert.ok(hashedPath('/a/b').startsWith(`${hashedPath('/a')}/`));
  assert.is.not(hashedPath('/a/b'), hashedPath('/a/c'));
  assert.not.match(JSON.stringify(tapped([STREAM], hashedPath)), /"\/a/);
});

test('bytes of another protocol end the tap, and nothing else', () => {
  const tap = new ClientTap({ session: 1, pathText: path => path, nowUs: () => 0, onEvent: () => {} });
  assert.not(tap.feed(Buffer.from('GET / HTTP/1.1\r\n\r\n')));
  assert.ok(tap.feed(Buffer.from('more')));
});

test('planted: a request that is too large is not recorded, and the session goes on', () => {
  const events: RecordedEvent[] = [];
  const tap = new ClientTap({
    session: 1,
    pathText: path => path,
    nowUs: () => 0,
    onEvent: e => events.push(e),
  });
  const data = Buffer.alloc(2_000_000);
  const large = request(1, OpCode.setData, w => writeSetDataRequest(w, { path: '/a', data, version: -1 }));
  const exists = request(2, OpCode.exists, w => writePathWatchRequest(w, { path: '/b', watch: false }));
  for (const chunk of [CONNECT, large.subarray(0, 70_000), large.subarray(70_000), exists])
    assert.ok(tap.feed(chunk));
  tap.end();
  assert.equal(
    events.map(event => (event.kind === 'request' ? event.shape.path : event.kind)),
    ['open', '/b', 'close'],
  );
  assert.equal([tap.isSession, tap.tooLarge], [true, 1]);
});

test('bytes that are not a request end the recording of a session, which still counts as one of a ZooKeeper client', () => {
  const tap = new ClientTap({ session: 1, pathText: path => path, nowUs: () => 0, onEvent: () => {} });
  assert.ok(tap.feed(CONNECT));
  assert.not(tap.feed(Buffer.alloc(8, 255)));
  assert.ok(tap.isSession);
});

test('the proxy passes every byte on in both directions, and its file holds no data', async () => {
  const got: Buffer[] = [];
  const server = net.createServer(socket => {
    socket.on('data', chunk => {
      got.push(chunk);
      socket.write(chunk);
    });
    socket.on('error', () => {});
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const path = join(temporaryFolder(), 'r.zkrec');
  const file = new RecordingFile(path, { hashedPaths: false, bytesMax: 1_000_000 });
  const proxy = await RecordingProxy.listen({
    listen: { host: '127.0.0.1', port: 0 },
    to: { host: '127.0.0.1', port: (server.address() as net.AddressInfo).port },
    pathText: each => each,
    onEvent: event => file.write(event),
  });
  const echoed: Buffer[] = [];
  const client = net.connect(proxy.port, '127.0.0.1');
  client.on('data', chunk => echoed.push(chunk));
  client.write(STREAM);
  await until(() => Buffer.concat(echoed).length === STREAM.length, {
    deadlineMs: 30_000,
    what: 'the echo of all bytes',
  });
  assert.equal(Buffer.concat(got), STREAM);
  client.destroy();
  await proxy.close();
  file.end();
  server.close();
  const bytes = readFileSync(path);
  assert.is(decodeRecording(bytes).events.length, 6);
  assert.not.match(bytes.toString('latin1'), /the data of/);
});

test('an answer reaches a client that has ended its side, as nc does', async () => {
  const server = net.createServer({ allowHalfOpen: true }, socket => {
    socket.on('data', () => setTimeout(() => socket.end('imok'), 50));
    socket.on('error', () => {});
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const proxy = await RecordingProxy.listen({
    listen: { host: '127.0.0.1', port: 0 },
    to: { host: '127.0.0.1', port: (server.address() as net.AddressInfo).port },
    pathText: each => each,
    onEvent: () => {},
  });
  const heard: Buffer[] = [];
  const client = net.connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('data', chunk => heard.push(chunk));
  client.end('ruok');
  await new Promise(resolve => client.on('close', resolve));
  await proxy.close();
  server.close();
  assert.is(Buffer.concat(heard).toString(), 'imok');
});

test('a request that is larger than servers take leaves a recording that can be replayed', () => {
  const data = Buffer.alloc(1_100_000);
  const large = request(1, OpCode.setData, w => writeSetDataRequest(w, { path: '/a', data, version: -1 }));
  const path = join(temporaryFolder(), 'large.zkrec');
  const file = new RecordingFile(path, { hashedPaths: false, bytesMax: 1_000_000 });
  for (const event of tapped([CONNECT, large])) file.write(event);
  file.end();
  const [, sent] = readRecording(path).events;
  assert.is(sent?.kind === 'request' && sent.shape.dataBytes, data.length);
});

test('a recording ends at its largest size, and can still be replayed', () => {
  const path = join(temporaryFolder(), 'full.zkrec');
  const file = new RecordingFile(path, { hashedPaths: false, bytesMax: 200 });
  for (const event of tapped([STREAM])) file.write(event);
  file.end();
  assert.ok(file.isFull);
  const { events } = decodeRecording(readFileSync(path));
  assert.ok(events.length > 0 && events.length < 6, `${events.length} events`);
  assert.throws(() => new RecordingFile(path, { hashedPaths: false, bytesMax: 200 }), /EEXIST/);
});
