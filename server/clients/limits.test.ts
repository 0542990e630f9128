import { assert, suite } from '#test';
import { body, MemoryClient, requestFrame } from '../memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';

const test = suite('clients: throttling');

const LIMIT = 10;
const SYNC_MS = 1000;

test('above globalOutstandingLimit the server reads only from clients with nothing under way; it resumes at half', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, settings: { globalOutstandingLimit: LIMIT } }).start();
  const [greedy, modest] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  const server = ensemble.server(1).view.serving!;
  ensemble.machine(1).disk.syncDelayMs = SYNC_MS;
  const xids: number[] = [];
  const outstanding: number[] = [];
  for (let i = 0; i < 5 * LIMIT; i++) {
    xids.push(greedy.send(OpCode.create, body.create(`/g${i}`)));
    ensemble.time.advance(1);
    outstanding.push(server.outstanding);
  }
  assert.is(Math.max(...outstanding), LIMIT + 1, 'one request passes the limit, and is the last');
  assert.is(typeof modest.get('/'), 'string', 'a reader without writes is served');
  ensemble.wait(() => greedy.frames.length === xids.length, 'all writes', 60 * SYNC_MS);
  assert.equal(
    greedy.replies.map(({ xid, err }) => [xid, err]),
    xids.map(xid => [xid, 0]),
    'none lost, none out of order',
  );
  assert.is(server.outstanding, 0);
});

test('a session whose requests wait in the server does not expire meanwhile: its pings are not read', () => {
  for (const sid of [1, 3]) {
    const settings = { globalOutstandingLimit: LIMIT };
    const ensemble = new MemoryEnsemble({ voters: 2, observers: 1, settings }).start();
    const client = MemoryClient.open(ensemble, sid, { timeoutMs: 400 });
    for (const [id, machine] of ensemble.machines) if (id < 3) machine.disk.syncDelayMs = 900;
    const xids: number[] = [];
    for (let i = 0; i < 3 * LIMIT; i++) {
      xids.push(client.send(OpCode.create, body.create(`/g${i}`)));
      ensemble.time.advance(1);
    }
    // Its pings stand behind its requests, in a buffer that nobody reads.
    for (let pings = 0; pings < 80 && client.frames.length < xids.length; pings++) {
      client.ping();
      ensemble.time.advance(250);
    }
    assert.is(client.raw.closed, null, `member ${sid}`);
    const errors = client.replies.filter(({ xid, err }) => xid > 0 && err !== 0);
    assert.is(errors.length, 0, `member ${sid}: ${errors.map(({ err }) => err).join(' ')}`);
    assert.is(client.replies.filter(({ xid }) => xid > 0).length, xids.length);
  }
});

test('a client that reads nothing expires, however much output waits for it', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const client = MemoryClient.open(ensemble, 1, { timeoutMs: 2000 });
  client.create('/large', 'x'.repeat(100_000));
  client.raw.pause();
  for (let i = 0; i < 60; i++) client.send(OpCode.getData, body.read('/large'));
  const { tracker } = ensemble.server(1).view.leaderServer!;
  ensemble.time.advance(500);
  assert.is(tracker.size, 1);
  ensemble.wait(() => tracker.size === 0, 'the session to expire', 5000);
});

test('a paused client that goes away frees its share of the limit', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, settings: { globalOutstandingLimit: LIMIT } }).start();
  const greedy = MemoryClient.open(ensemble);
  const server = ensemble.server(1).view.serving!;
  ensemble.machine(1).disk.syncDelayMs = SYNC_MS;
  for (let i = 0; i < 3 * LIMIT; i++) greedy.send(OpCode.create, body.create(`/g${i}`));
  ensemble.time.advance(5);
  assert.ok(server.outstanding > LIMIT);
  greedy.raw.destroy();
  ensemble.wait(() => server.outstanding === 0, 'the count to fall', 10_000);
  ensemble.machine(1).disk.syncDelayMs = 0;
  assert.is(MemoryClient.open(ensemble).create('/after').err, 0);
  assert.is(server.outstanding, 0);
});

test('a client that reads late gets every reply, in order, once it reads again', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const client = MemoryClient.open(ensemble);
  client.create('/large', 'x'.repeat(100_000));
  client.raw.pause();
  const xids = Array.from({ length: 60 }, () => client.send(OpCode.getData, body.read('/large')));
  ensemble.time.advance(500);
  assert.ok(client.frames.length < xids.length);
  client.raw.resume();
  ensemble.wait(() => client.frames.length === xids.length + 1, 'the replies');
  assert.equal(
    client.replies.slice(1).map(({ xid }) => xid),
    xids,
  );
});

test('words and frames do not mix: what follows a word on its connection is dropped', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const raw = ensemble.dial(1, CLIENT_PORT);
  raw.write(Buffer.concat([Buffer.from('ruok\n'), requestFrame(1, OpCode.ping)]));
  raw.untilClosed();
  assert.is(raw.received.toString(), 'imok');
});
