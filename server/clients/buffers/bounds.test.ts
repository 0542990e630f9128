import { assert, suite } from '#test';
import { body, frame, helloFrame, MemoryClient, requestFrame } from '../../memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble } from '../../memory-ensemble.test-kit.ts';
import { OPEN_ACL_UNSAFE } from '../../wire/acl.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import type { JuteWriter } from '../../wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../../wire/multi.ts';
import { OpCode, Xid } from '../../wire/opcodes.ts';
import { EventType } from '../../wire/watch-event.ts';
import { ClientConnection } from '../client-connection.ts';
import { SUBMITTED_BYTES_MAX } from '../requests/session-order.ts';
import { InputLedger } from './input-ledger.ts';
import { OutputLedger } from './output-ledger.ts';

const test = suite('clients: what is kept of and for them is bounded');

const { OK } = ErrorCode;
const MIB = 1024 * 1024;
/** Most bytes that one read from the socket returns, here and on Node.js. */
const CHUNK_BYTES = 256 * 1024;

function standalone(settings: Readonly<Record<string, string | number>> = {}): MemoryEnsemble {
  return new MemoryEnsemble({ voters: 0, settings }).start();
}

function portOf(ensemble: MemoryEnsemble) {
  return ensemble.server(1).view.port!;
}

test('field report B5: the server bounds the pipelined writes of each client behind a slow disk, and carries out all of them', () => {
  const ensemble = standalone();
  const COUNT = 9;
  const clients = Array.from({ length: 4 }, () => MemoryClient.open(ensemble));
  clients[0]!.create('/a');
  const { input } = portOf(ensemble);
  ensemble.machine(1).disk.syncDelayMs = 200;
  const xids = clients.map(client =>
    Array.from({ length: COUNT }, (_, i) =>
      client.send(OpCode.setData, body.setData('/a', String(i).repeat(1_000_000))),
    ),
  );
  let most = 0;
  ensemble.wait(() => {
    for (const { outstanding } of portOf(ensemble).connections)
      assert.ok(outstanding <= 6, `${outstanding} of one client`);
    most = Math.max(most, input.submittedBytes + input.keptBytes);
    return clients.every((client, i) => client.replies.some(({ xid }) => xid === xids[i]!.at(-1)));
  }, 'all replies');
  const each = SUBMITTED_BYTES_MAX + 2 * MIB + 2 * CHUNK_BYTES;
  assert.ok(most < clients.length * each, `${most} bytes`);
  assert.ok(most > clients.length * MIB, 'they are pipelined all the same');
  for (const [i, client] of clients.entries()) {
    const replies = client.replies.filter(({ xid }) => xids[i]!.includes(xid));
    assert.equal(
      replies.map(({ xid, err }) => [xid, err]),
      xids[i]!.map(xid => [xid, OK]),
    );
  }
  assert.equal([input.submittedBytes, input.keptBytes], [0, 0]);
});

test('field report B5: requests under way are bounded for all clients together; none is lost, and reads are served', () => {
  const ensemble = standalone();
  const limits = { submittedBytesMax: 3 * MIB, keptBytesMax: 100 * MIB, gatherersMax: 8 };
  Object.assign(portOf(ensemble), { input: new InputLedger(limits) });
  const { input } = portOf(ensemble);
  const clients = Array.from({ length: 12 }, () => MemoryClient.open(ensemble, 1, { timeoutMs: 400 }));
  const reader = MemoryClient.open(ensemble);
  ensemble.machine(1).disk.syncDelayMs = 300;
  for (const [i, client] of clients.entries())
    for (let n = 0; n < 6; n++) client.send(OpCode.create, body.create(`/n${i}-${n}`, 'x'.repeat(500_000)));
  ensemble.time.advance(200);
  assert.ok(input.isFull, 'it is used');
  assert.is(typeof reader.get('/'), 'string');
  let most = 0;
  ensemble.wait(
    () => {
      most = Math.max(most, input.submittedBytes);
      return clients.every(client => client.frames.length === 6 || client.raw.closed !== null);
    },
    'all replies',
    60_000,
  );
  assert.ok(most <= limits.submittedBytesMax + MIB, `${most} bytes`);
  for (const client of clients) assert.ok(client.replies.every(({ err }) => err === OK));
  assert.is(input.submittedBytes, 0);
});

test('a client that goes away while its requests wait for memory leaves nothing behind', () => {
  const ensemble = standalone();
  const limits = { submittedBytesMax: MIB, keptBytesMax: 100 * MIB, gatherersMax: 8 };
  Object.assign(portOf(ensemble), { input: new InputLedger(limits) });
  const { input } = portOf(ensemble);
  const clients = Array.from({ length: 6 }, () => MemoryClient.open(ensemble));
  ensemble.machine(1).disk.syncDelayMs = 300;
  for (const client of clients)
    for (let n = 0; n < 6; n++) client.send(OpCode.create, body.create(`/n${n}`, 'x'.repeat(500_000)));
  ensemble.time.advance(100);
  for (const client of clients) client.raw.destroy();
  ensemble.wait(() => input.submittedBytes + input.keptBytes === 0, 'nothing to be kept');
  ensemble.machine(1).disk.syncDelayMs = 0;
  assert.is(MemoryClient.open(ensemble).create('/after').err, OK);
});

test('field report B5: 2,000 connections that announce a frame of 1 MB and send nothing of it cost a few KiB each', () => {
  const ensemble = standalone({ maxClientCnxns: 0 });
  const announce = Buffer.alloc(4);
  announce.writeInt32BE(1_000_000);
  const raws = Array.from({ length: 2_000 }, () => {
    const raw = ensemble.dial(1, CLIENT_PORT);
    raw.write(announce);
    return raw;
  });
  ensemble.time.advance(1);
  assert.ok(portOf(ensemble).input.keptBytes <= 2_000 * 4096);
  assert.is(typeof MemoryClient.open(ensemble).get('/'), 'string');
  for (const raw of raws) raw.destroy();
  ensemble.time.advance(1);
  assert.is(portOf(ensemble).input.keptBytes, 0);
});

test('beyond the limit on incomplete frames the client with most is cut off, with a line in the log; others complete theirs', () => {
  const ensemble = standalone({ 'jute.maxbuffer': 4 * MIB });
  const limits = { submittedBytesMax: 8 * MIB, keptBytesMax: 3 * MIB, gatherersMax: 2 };
  Object.assign(portOf(ensemble), { input: new InputLedger(limits) });
  const honest = MemoryClient.open(ensemble);
  const greedy = Array.from({ length: 3 }, () => {
    const raw = ensemble.dial(1, CLIENT_PORT);
    raw.write(
      Buffer.concat([helloFrame(), frame(w => w.writeRaw(Buffer.alloc(4 * MIB - 100))).subarray(0, -1)]),
    );
    return raw;
  });
  assert.is(honest.ask(OpCode.create, body.create('/large', 'x'.repeat(1_000_000))).err, OK);
  ensemble.wait(() => greedy.some(raw => raw.closed !== null), 'one of them to be cut off', 60_000);
  assert.is(honest.ask(OpCode.setData, body.setData('/large', 'y'.repeat(1_000_000))).err, OK);
  assert.is(honest.raw.closed, null);
  assert.ok(ensemble.messages(1, 'warn').some(line => /client connection closed: /.test(line)));
});

/** A client with watch events of half a megabyte each, which come from no node: changes of one cost more. */
function largeEvents(): { ensemble: MemoryEnsemble; client: MemoryClient; change: () => void } {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const [watcher] = portOf(ensemble).connections;
  const path = `/${'x'.repeat(500_000)}`;
  const { clock } = ensemble.machine(1).runtime!;
  const fire = () => watcher!.process(EventType.dataChanged, path, 1, OPEN_ACL_UNSAFE);
  const change = () => {
    clock.inNextTurn(fire);
    ensemble.time.advance(1);
  };
  return { ensemble, client, change };
}

test('watch events wait for a client that reads late, however many there are in total', () => {
  const { ensemble, client, change } = largeEvents();
  for (let round = 0; round < 28; round++) {
    client.raw.pause();
    for (let i = 0; i < 5; i++) change();
    client.raw.resume();
    ensemble.time.advance(20);
  }
  assert.is(client.raw.closed, null);
  assert.is(client.replies.filter(({ xid }) => xid === Xid.notification).length, 140);
});

test('a client that does not read its watch events is cut off at 64 MiB', () => {
  const { ensemble, client, change } = largeEvents();
  client.raw.pause();
  const { outputs } = portOf(ensemble);
  let most = 0;
  for (let i = 0; i < 200 && client.raw.closed === null; i++) {
    change();
    most = Math.max(most, outputs.bytes);
  }
  client.raw.resume();
  client.raw.untilClosed();
  assert.ok(most > 60 * MIB && most < 70 * MIB, `${most} bytes`);
  assert.is(outputs.bytes, 0);
  assert.ok(ensemble.messages(1, 'warn').some(line => /bytes of watch events wait for a client/.test(line)));
});

test('beyond the limit on output for all clients the client with most is cut off, and those that read stay connected', () => {
  const ensemble = standalone();
  Object.assign(portOf(ensemble), { outputs: new OutputLedger(4 * MIB) });
  const { outputs } = portOf(ensemble);
  const [small, greedy, writer] = [1, 2, 3].map(() => MemoryClient.open(ensemble)) as [
    MemoryClient,
    MemoryClient,
    MemoryClient,
  ];
  const path = `/${'x'.repeat(100_000)}`;
  writer.create('/small');
  writer.create(path);
  small.ask(OpCode.addWatch, w => w.writeString('/small').writeInt(0));
  greedy.ask(OpCode.addWatch, w => w.writeString(path).writeInt(0));
  for (const client of [small, greedy]) client.raw.pause();
  for (let i = 0; i < 60; i++) {
    for (const each of ['/small', path]) writer.ask(OpCode.setData, body.setData(each, String(i)));
    assert.ok(outputs.bytes <= 5 * MIB, `${outputs.bytes} bytes`);
  }
  for (const client of [small, greedy]) client.raw.resume();
  greedy.raw.untilClosed();
  assert.is(small.ask(OpCode.getData, body.read('/small')).err, OK);
  assert.is(small.replies.filter(({ xid }) => xid === Xid.notification).length, 60);
  assert.equal([small.raw.closed, writer.raw.closed], [null, null]);
});

test('field report B5: events that wait for a turn count too: beyond the limit the client with most is cut off', () => {
  const ensemble = standalone({ 'jute.maxbuffer': 8 * MIB });
  const paths = ['/0', ...Array.from({ length: 900 }, (_, i) => `/${i + 1}`.padEnd(4_000, 'x'))];
  const multi = (op: number, part: (path: string) => (w: JuteWriter) => void) => (w: JuteWriter) => {
    for (const path of paths) {
      writeMultiHeader(w, op, false, -1);
      part(path)(w);
    }
    writeMultiEnd(w);
  };
  MemoryClient.open(ensemble).ask(
    OpCode.multi,
    multi(OpCode.create, path => body.create(path)),
  );
  Object.assign(portOf(ensemble), { outputs: new OutputLedger(2 * MIB) });
  const { outputs } = portOf(ensemble);
  const [small, greedy, writer] = [1, 2, 3].map(() => MemoryClient.open(ensemble)) as [
    MemoryClient,
    MemoryClient,
    MemoryClient,
  ];
  small.ask(OpCode.addWatch, w => w.writeString('/0').writeInt(0));
  greedy.ask(OpCode.addWatch, w => w.writeString('/').writeInt(1));
  let most = 0;
  const { process } = ClientConnection.prototype;
  ClientConnection.prototype.process = function (...args) {
    process.apply(this, args);
    most = Math.max(most, outputs.bytes);
  };
  try {
    writer.ask(
      OpCode.multi,
      multi(OpCode.setData, path => body.setData(path, 'x')),
    );
  } finally {
    Object.assign(ClientConnection.prototype, { process });
  }
  assert.ok(most > 1.9 * MIB && most < 2.1 * MIB, `${most} bytes`);
  greedy.raw.untilClosed();
  assert.is(small.replies.filter(({ xid }) => xid === Xid.notification).length, 1);
  assert.equal([small.raw.closed, writer.raw.closed, outputs.bytes], [null, null, 0]);
});

test('when much output waits for all clients, each gets its answers at a lower limit, and all are answered in the end', () => {
  const ensemble = standalone();
  Object.assign(portOf(ensemble), { outputs: new OutputLedger(4 * MIB) });
  const { outputs } = portOf(ensemble);
  const clients = Array.from({ length: 12 }, () => MemoryClient.open(ensemble));
  clients[0]!.create('/a', 'x'.repeat(10_000));
  for (const client of clients) {
    client.raw.pause();
    const reads = Array.from({ length: 300 }, () => requestFrame(7, OpCode.getData, body.read('/a')));
    client.raw.write(Buffer.concat(reads));
    ensemble.time.advance(5);
    assert.ok(outputs.bytes <= 4 * MIB, `${outputs.bytes} bytes`);
  }
  for (const client of clients) client.raw.resume();
  ensemble.wait(() => clients.every(client => client.frames.length >= 300), 'all replies');
  assert.is(outputs.bytes, 0);
});
