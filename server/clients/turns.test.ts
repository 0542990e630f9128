import { assert, suite } from '#test';
import { body, MemoryClient, requestFrame } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader } from '../wire/jute.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import type { ClientConnection } from './client-connection.ts';

const test = suite('clients: turns of the loop');

const TURN_MS = 5;
const { OK } = ErrorCode;

/** A lone server whose loop takes its time, so that what is sent meanwhile comes into the next turn. */
function standalone(settings: Readonly<Record<string, string | number>> = {}): MemoryEnsemble {
  return new MemoryEnsemble({ voters: 0, settings, turnMs: TURN_MS }).start();
}

/** The server's side of a client. */
function connectionOf(ensemble: MemoryEnsemble, client: MemoryClient): ClientConnection {
  const { sessionId } = client.response!;
  for (const connection of ensemble.server(1).view.port!.connections)
    if (connection.sessionId === sessionId) return connection;
  throw new Error('the server has no such connection');
}

const READ = requestFrame(9, OpCode.getData, body.read('/'));

function pipelined(count: number, frame = READ): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => frame));
}

/** Turns that the server took until `quiet` had the answer to a ping. */
function turnsToAnswer(ensemble: MemoryEnsemble, quiet: MemoryClient): number {
  const { clock } = ensemble.machine(1).runtime!;
  const before = quiet.frames.length;
  const turn = clock.turns;
  quiet.ping();
  ensemble.wait(() => quiet.frames.length > before, 'the answer to a ping');
  return clock.turns - turn;
}

/** The most answers that the server gave in one turn, until `done`. */
function mostInOneTurn(ensemble: MemoryEnsemble, connection: ClientConnection, done: () => boolean): number {
  const { clock } = ensemble.machine(1).runtime!;
  let most = 0;
  let turn = clock.turns;
  let sent = connection.stats.packetsSent;
  ensemble.wait(() => {
    if (clock.turns !== turn) {
      most = Math.max(most, (connection.stats.packetsSent - sent) / (clock.turns - turn));
      turn = clock.turns;
      sent = connection.stats.packetsSent;
    }
    return done();
  }, 'all answers');
  return most;
}

test('field report B1: the pipelined requests of one client are divided among turns, and others are answered in between', () => {
  const ensemble = standalone();
  const [greedy, quiet] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  let sent = 0;
  const flood = (frame: Buffer) => {
    greedy.raw.write(pipelined(30_000, frame));
    sent += 30_000;
    ensemble.time.advance(1);
  };
  const all = () => greedy.frames.length === sent;
  for (const frame of [READ, requestFrame(Xid.ping, OpCode.ping)]) {
    flood(frame);
    const most = mostInOneTurn(ensemble, connectionOf(ensemble, greedy), all);
    assert.ok(most > 1000 && most < 5000, `${most} answers in one turn`);
    flood(frame);
    for (let i = 0; i < 2; i++) assert.ok(turnsToAnswer(ensemble, quiet) <= 3);
    assert.not(all(), 'it was asked beside the flood');
    ensemble.wait(all, 'all answers');
  }
});

test('field report B1: many greedy clients together do not starve a quiet one', () => {
  const ensemble = standalone();
  const quiet = MemoryClient.open(ensemble);
  const greedy = Array.from({ length: 20 }, () => MemoryClient.open(ensemble));
  for (const client of greedy) client.raw.write(pipelined(4_000));
  ensemble.time.advance(1);
  let asked = 0;
  const served = () =>
    greedy.reduce((sum, client) => sum + connectionOf(ensemble, client).stats.packetsSent, 0);
  while (served() < 20 * 4_000) {
    const turns = turnsToAnswer(ensemble, quiet);
    assert.ok(turns <= 4, `${turns} turns`);
    asked++;
  }
  assert.ok(asked > 5, `asked ${asked} times`);
  ensemble.wait(() => greedy.every(client => client.frames.length === 4_000), 'all replies of all');
});

test('a client whose requests wait for a turn is not read from, and its session stays', () => {
  const ensemble = standalone({ tickTime: 20 });
  const greedy = MemoryClient.open(ensemble, 1, { timeoutMs: 40 });
  const COUNT = 50_000;
  greedy.raw.write(pipelined(COUNT));
  const connection = connectionOf(ensemble, greedy);
  ensemble.wait(() => connection.inLine, 'the client to be put into the line');
  assert.not(connection.gate.open, 'not read from');
  ensemble.wait(() => greedy.frames.length === COUNT || greedy.raw.closed !== null, 'all replies');
  assert.is(greedy.raw.closed, null);
});

test('field report B3: a client that pipelines large reads gets every reply', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const SIZE = 1_000_000;
  client.create('/large', 'x'.repeat(SIZE));
  const xids = Array.from({ length: 30 }, () => client.send(OpCode.getData, body.read('/large')));
  const connection = connectionOf(ensemble, client);
  let most = 0;
  ensemble.wait(() => {
    most = Math.max(most, connection.output.bytesQueued);
    return client.frames.length === xids.length + 1 || client.raw.closed !== null;
  }, 'the replies');
  assert.is(client.raw.closed, null);
  const replies = client.replies.slice(1);
  assert.equal(
    replies.map(({ xid, err }) => [xid, err]),
    xids.map(xid => [xid, OK]),
  );
  assert.ok(replies.every(({ body: bytes }) => new JuteReader(bytes).readBuffer()!.length === SIZE));
  assert.ok(most < 3 * SIZE, `${most} bytes of replies were kept`);
});

test('field report B3: large reads behind a write of their own get every reply too, and what follows is in order', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/large', 'x'.repeat(1_000_000));
  ensemble.machine(1).disk.syncDelayMs = 300;
  const sent: number[] = [];
  for (let round = 0; round < 3; round++) {
    sent.push(client.send(OpCode.setData, body.setData('/large', String(round).repeat(1_000_000))));
    for (let i = 0; i < 40; i++) sent.push(client.send(OpCode.getData, body.read('/large')));
  }
  ensemble.wait(() => client.frames.length === sent.length + 1 || client.raw.closed !== null, 'the replies');
  const replies = client.replies.slice(1);
  assert.equal(
    replies.map(({ xid, err }) => [xid, err]),
    sent.map(xid => [xid, OK]),
  );
  for (const [i, { body: bytes }] of replies.entries()) {
    if (i % 41 === 0) continue;
    assert.is(
      String(new JuteReader(bytes).readBuffer()!.subarray(0, 1)),
      String(Math.floor(i / 41)),
      `reply ${i}`,
    );
  }
});

test('reads between two writes of their session never show the later one, however much is due in the turn', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/a', '-');
  const others = Array.from({ length: 5 }, () => MemoryClient.open(ensemble));
  ensemble.machine(1).disk.syncDelayMs = 50;
  const writes = 200;
  const readsEach = 7;
  for (let i = 0; i < writes; i++) {
    client.send(OpCode.setData, body.setData('/a', String(i)));
    for (let read = 0; read < readsEach; read++) client.send(OpCode.getData, body.read('/a'));
  }
  for (const other of others) other.raw.write(pipelined(8_000));
  const all = writes * (1 + readsEach);
  ensemble.wait(() => client.frames.length === all + 1 || client.raw.closed !== null, 'the replies');
  assert.is(client.raw.closed, null);
  for (const [i, reply] of client.replies.slice(1).entries()) {
    assert.is(reply.xid, i + 2);
    if (i % (1 + readsEach) === 0) continue;
    const expected = Math.floor(i / (1 + readsEach));
    assert.is(String(new JuteReader(reply.body).readBuffer()), String(expected), `reply ${i}`);
  }
});

test('field report B4: a client that pauses before it reads gets every answer, also to its closeSession', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/large', 'x'.repeat(1_000_000));
  client.raw.pause();
  const xids = Array.from({ length: 30 }, () => client.send(OpCode.getData, body.read('/large')));
  xids.push(client.send(OpCode.closeSession));
  ensemble.time.advance(3_000);
  client.raw.resume();
  ensemble.time.advance(50);
  client.raw.pause();
  ensemble.time.advance(3_000);
  client.raw.resume();
  client.raw.untilClosed();
  assert.equal(
    client.replies.slice(1).map(({ xid, err }) => [xid, err]),
    xids.map(xid => [xid, OK]),
  );
});

test('a client that closes its half after its requests gets all answers, also to a write', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.raw.write(pipelined(20_000));
  const xid = client.send(OpCode.create, body.create('/last'));
  client.raw.finish();
  const connection = connectionOf(ensemble, client);
  ensemble.wait(() => !connection.hasSession, 'the connection to end');
  assert.is(connection.stats.packetsSent, 1 + 20_000 + 1);
  assert.is(connection.stats.lastCxid, xid);
  assert.is(typeof MemoryClient.open(ensemble).get('/last'), 'string');
});

test('a client that closes its half gets the answers that take turns after the one to its write', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/large', 'x'.repeat(100_000));
  ensemble.machine(1).disk.syncDelayMs = 50;
  client.send(OpCode.create, body.create('/last'));
  client.raw.write(pipelined(200, requestFrame(9, OpCode.getData, body.read('/large'))));
  client.raw.finish();
  const connection = connectionOf(ensemble, client);
  ensemble.wait(() => !connection.hasSession, 'the connection to end');
  assert.is(connection.stats.packetsSent, 1 + 1 + 1 + 200);
});
