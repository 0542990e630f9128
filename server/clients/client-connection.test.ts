import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { digestId } from '../auth/digest-id.ts';
import { body, frame, helloFrame, MemoryClient, requestFrame } from '../memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { sessionPassword } from '../sessions/session-id.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader } from '../wire/jute.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { writeAuthRequest } from '../wire/requests.ts';

const test = suite('clients: a connection');

const { OK, NONODE, NOAUTH, AUTHFAILED, UNIMPLEMENTED, MARSHALLINGERROR, SESSIONEXPIRED } = ErrorCode;

function standalone(settings: Readonly<Record<string, string | number>> = {}): MemoryEnsemble {
  return new MemoryEnsemble({ voters: 0, settings }).start();
}

/**
 * Reads a ConnectResponse: int 0, timeout, session, 16 bytes of password, and the read-only byte if the
 * client sent one.
 */
function sessionOf(client: MemoryClient) {
  const { sessionId, password, timeoutMs, readOnly } = client.response!;
  return { sessionId, password, timeoutMs, readOnly };
}

test('ConnectResponse: 37 bytes with the read-only byte, 36 for a client too old to send one (facts 24)', () => {
  const ensemble = standalone();
  for (const [readOnly, length] of [
    [false, 37],
    [undefined, 36],
  ] as const) {
    const raw = ensemble.dial(1, CLIENT_PORT);
    raw.write(helloFrame({ readOnly }));
    const bytes = raw.untilReceived(4 + length);
    assert.is(bytes.length, 4 + length);
    assert.is(bytes.readInt32BE(0), length);
    const id = bytes.readBigInt64BE(12);
    const expected = Buffer.alloc(4 + length);
    expected.writeInt32BE(length, 0);
    expected.writeInt32BE(4000, 8);
    expected.writeBigInt64BE(id, 12);
    expected.writeInt32BE(16, 20);
    sessionPassword(id).copy(expected, 24);
    assert.is(bytes.toString('hex'), expected.toString('hex'));
  }
});

test('the timeout is clamped to two and twenty ticks', () => {
  const ensemble = standalone({ tickTime: 100 });
  assert.is(MemoryClient.open(ensemble, 1, { timeoutMs: 1 }).response!.timeoutMs, 200);
  assert.is(MemoryClient.open(ensemble, 1, { timeoutMs: -5 }).response!.timeoutMs, 200);
  assert.is(MemoryClient.open(ensemble, 1, { timeoutMs: 1_000 }).response!.timeoutMs, 1_000);
  assert.is(MemoryClient.open(ensemble, 1, { timeoutMs: 99_999_999 }).response!.timeoutMs, 2_000);
});

test('an expired session or a wrong password gets a response of zeros, and the connection ends', () => {
  const ensemble = standalone();
  const { sessionId } = sessionOf(MemoryClient.open(ensemble));
  for (const hello of [
    { sessionId: 99n, password: sessionPassword(99n) },
    { sessionId, password: Buffer.alloc(16, 1) },
    { sessionId, password: null },
    { sessionId, password: Buffer.alloc(3) },
  ]) {
    const raw = ensemble.dial(1, CLIENT_PORT);
    raw.write(helloFrame(hello));
    raw.untilClosed();
    assert.is(raw.received.toString('hex'), `00000025${'00'.repeat(16)}00000010${'00'.repeat(17)}`);
  }
});

test('a client that has seen more than this server is closed without a word', () => {
  const ensemble = standalone();
  const raw = ensemble.dial(1, CLIENT_PORT);
  raw.write(helloFrame({ lastZxidSeen: 0x7_0000_0000 }));
  raw.untilClosed();
  assert.is(raw.received.length, 0);
});

test('a session that reconnects ends its older connection', () => {
  const ensemble = standalone();
  const first = MemoryClient.open(ensemble);
  const session = sessionOf(first);
  first.create('/mine', 'x', 1);
  const second = MemoryClient.open(ensemble, 1, { ...session });
  assert.equal(sessionOf(second), session);
  ensemble.wait(() => first.raw.closed !== null, 'the older connection to end');
  assert.is(second.get('/mine'), 'x');
});

test('replies come in the order of the requests, reads behind the writes of their own session', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const xids = [
    client.send(OpCode.create, body.create('/a', 'one')),
    client.send(OpCode.getData, body.read('/a')),
    client.send(OpCode.setData, body.setData('/a', 'two')),
    client.send(OpCode.getData, body.read('/a')),
    client.send(OpCode.sync, body.path('/a')),
    client.send(OpCode.getData, body.read('/a')),
    client.send(OpCode.delete, body.delete('/a')),
    client.send(OpCode.getData, body.read('/a')),
  ];
  client.reply(xids.at(-1)!);
  assert.equal(
    client.replies.map(reply => reply.xid),
    xids,
  );
  const data = (at: number) => String(new JuteReader(client.replies[at]!.body).readBuffer());
  assert.equal([data(1), data(3), data(5)], ['one', 'two', 'two']);
  assert.equal(
    client.replies.map(reply => reply.err),
    [OK, OK, OK, OK, OK, OK, OK, NONODE],
  );
});

test("another session's read does not wait for the write of this one", () => {
  const ensemble = standalone();
  const writer = MemoryClient.open(ensemble);
  const reader = MemoryClient.open(ensemble);
  writer.create('/a', 'one');
  ensemble.machine(1).disk.syncDelayMs = 1_000;
  const xid = writer.send(OpCode.setData, body.setData('/a', 'two'));
  const startMs = ensemble.time.nowMs;
  assert.is(reader.get('/a'), 'one');
  assert.ok(ensemble.time.nowMs - startMs < 500);
  assert.is(writer.replies.length, 1);
  assert.is(writer.reply(xid).err, OK);
});

test('a watch event comes before the reply that shows the change', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/a', 'one');
  client.ask(OpCode.getData, body.read('/a', true));
  const before = client.frames.length;
  client.reply(client.send(OpCode.setData, body.setData('/a', 'two')));
  const [event, reply] = client.frames.slice(before);
  assert.is(
    event!.toString('hex'),
    `ffffffff${'ff'.repeat(8)}00000000${'00000003'.repeat(2)}000000022f61`,
    'facts 24',
  );
  assert.is(reply!.readInt32BE(0), 3);
});

test('a read by another client that sees the change comes after its event too', () => {
  const ensemble = standalone();
  const [writer, watcher] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  writer.create('/a', 'one');
  watcher.ask(OpCode.exists, body.read('/a', true));
  writer.send(OpCode.setData, body.setData('/a', 'two'));
  for (let i = 0; i < 50; i++) {
    const value = watcher.get('/a');
    const told = watcher.replies.some(reply => reply.xid === Xid.notification);
    assert.ok(value === 'one' || told, 'saw the change before the event');
  }
  assert.is(watcher.get('/a'), 'two');
});

test('any split of the input gives the same answers', () => {
  const input = Buffer.concat([
    helloFrame(),
    requestFrame(1, OpCode.create, body.create('/a', 'data')),
    requestFrame(Xid.ping, OpCode.ping),
    requestFrame(2, OpCode.getData, body.read('/a')),
    requestFrame(3, OpCode.setData, body.setData('/a', 'more', 7)),
    requestFrame(4, OpCode.getChildren, body.read('/')),
    requestFrame(5, OpCode.closeSession),
  ]);
  const answersTo = (cuts: readonly number[]): string => {
    const ensemble = standalone();
    const raw = ensemble.dial(1, CLIENT_PORT);
    let at = 0;
    for (const cut of [...cuts, input.length]) {
      raw.write(input.subarray(at, cut));
      at = cut;
      ensemble.time.advance(1);
    }
    raw.untilClosed();
    // Ids and times differ from run to run: sizes and codes do not.
    const frames: string[] = [];
    const bytes = raw.received;
    for (let i = 0; i + 4 <= bytes.length; i += 4 + bytes.readInt32BE(i)) {
      frames.push(
        `${bytes.readInt32BE(i)} ${bytes.readInt32BE(i + 4)} ${i === 0 ? '' : bytes.readInt32BE(i + 16)}`,
      );
    }
    return frames.join('\n');
  };
  const whole = answersTo([]);
  assert.is(whole.split('\n').length, 7);
  for (let cut = 1; cut < input.length; cut++) assert.is(answersTo([cut]), whole, `cut at ${cut}`);
  assert.is(answersTo(Array.from({ length: input.length - 1 }, (_, i) => i + 1)), whole, 'byte by byte');
});

test('requests sent together with the ConnectRequest are answered once the session is established', () => {
  const ensemble = standalone();
  const client = new MemoryClient(ensemble, 1);
  const xid = client.send(OpCode.create, body.create('/early'));
  assert.is(client.reply(xid).err, OK);
});

test('a bad frame sent together with the ConnectRequest ends its connection and nothing else', () => {
  const ensemble = standalone();
  const raw = ensemble.dial(1, CLIENT_PORT);
  raw.write(Buffer.concat([helloFrame(), frame(w => w.writeByte(0))]));
  raw.untilClosed();
  assert.equal([...ensemble.fatal], []);
  assert.is(MemoryClient.open(ensemble).create('/a').err, OK);
});

test('closeSession: a reply without a body, then the end; its ephemerals are gone', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/mine', '', 1);
  const { body: reply, err } = client.ask(OpCode.closeSession);
  assert.equal([reply.length, err], [0, OK]);
  client.raw.untilClosed();
  const other = MemoryClient.open(ensemble, 1, { ...sessionOf(client) });
  assert.is(other.response!.timeoutMs, 0);
  assert.is(MemoryClient.open(ensemble).get('/mine'), NONODE);
});

test('digest auth opens a node whose ACL excludes others; the reply has zxid 0', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const auth = (scheme: string, secret: string) => (w: Parameters<typeof writeAuthRequest>[0]) =>
    writeAuthRequest(w, { type: 0, scheme, auth: Buffer.from(secret) });
  const acl = [{ perms: 31, id: { scheme: 'digest', id: digestId('user:pass') } }];
  client.ask(OpCode.create, body.create('/closed', 'secret', 0, acl));
  assert.is(client.get('/closed'), NOAUTH);
  client.raw.write(requestFrame(Xid.auth, OpCode.auth, auth('digest', 'user:pass')));
  const reply = client.reply(Xid.auth);
  assert.equal([reply.zxid, reply.err], [0, OK]);
  assert.is(client.get('/closed'), 'secret');

  const stranger = MemoryClient.open(ensemble);
  for (const [scheme, secret] of [['digest', 'user:wrong']] as const) {
    stranger.raw.write(requestFrame(Xid.auth, OpCode.auth, auth(scheme, secret)));
    assert.is(stranger.reply(Xid.auth).err, OK, 'who says so is somebody');
    assert.is(stranger.get('/closed'), NOAUTH);
  }
  stranger.raw.write(requestFrame(Xid.auth, OpCode.auth, auth('kerberos5000', 'x')));
  stranger.raw.untilClosed();
  assert.is(stranger.replies.at(-1)!.err, AUTHFAILED);
});

test('field report B11: an authentication scheme of a megabyte of control characters is a short line of the log', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const request = { type: 0, scheme: '\x01'.repeat(1_000_000), auth: Buffer.alloc(0) };
  client.raw.write(requestFrame(Xid.auth, OpCode.auth, w => writeAuthRequest(w, request)));
  client.raw.untilClosed();
  assert.is(client.replies.at(-1)!.err, AUTHFAILED);
  const [line] = ensemble.messages(1, 'warn').filter(message => message.includes('authentication'));
  assert.ok(line!.length < 1_000, `${line!.length} characters`);
  assert.match(line!, /scheme \\x01.*\(1000000 characters\) failed/);
});

test('digest auth without a colon is a user without a password, as zkCli’s "addauth digest user" sends it', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const acl = [{ perms: 31, id: { scheme: 'digest', id: digestId('user') } }];
  client.ask(OpCode.create, body.create('/closed', 'secret', 0, acl));
  const request = { type: 0, scheme: 'digest', auth: Buffer.from('user') };
  client.raw.write(requestFrame(Xid.auth, OpCode.auth, w => writeAuthRequest(w, request)));
  assert.is(client.reply(Xid.auth).err, OK);
  assert.is(client.get('/closed'), 'secret');
});

test('a SASL token gets an empty answer, so that the client reports AUTH_FAILED; the session goes on', () => {
  const client = MemoryClient.open(standalone());
  const { zxid, err, body: bytes } = client.ask(OpCode.sasl, w => w.writeBuffer(Buffer.from('token')));
  assert.equal([zxid, err, bytes.toString('hex')], [0, OK, 'ffffffff']);
  assert.is(client.create('/fine').err, OK);
});

test('an operation that does not exist, a bare check (2623) and a createSession: -6, then the end; no zxid is spent', () => {
  const ensemble = standalone();
  const zxid = () => ensemble.server(1).database.lastProcessedZxid;
  for (const op of [0, 13, 99, -10, OpCode.createSession]) {
    const client = MemoryClient.open(ensemble);
    const before = zxid();
    const reply = client.ask(op, body.delete('/'));
    assert.equal([reply.err, reply.zxid], [UNIMPLEMENTED, -1], `operation ${op}`);
    client.raw.untilClosed();
    assert.is(zxid(), before, `operation ${op}`);
  }
});

test('requests without a valid body are refused; the session goes on, and no zxid is spent', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  const before = ensemble.server(1).database.lastProcessedZxid;
  const broken = [OpCode.create, OpCode.delete, OpCode.setData, OpCode.setACL, OpCode.multi, OpCode.getData];
  for (const op of broken)
    assert.is(client.ask(op, w => w.writeInt(1 << 30)).err, MARSHALLINGERROR, `operation ${op}`);
  assert.is(ensemble.server(1).database.lastProcessedZxid, before);
  assert.is(client.create('/fine').err, OK);
});

test('random requests of every operation leave the server as it was for others', () => {
  const ensemble = standalone();
  const healthy = MemoryClient.open(ensemble);
  healthy.create('/healthy', 'yes');
  const ops = Object.values(OpCode);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...ops), fc.uint8Array({ maxLength: 60 })), { maxLength: 20 }),
      requests => {
        const client = MemoryClient.open(ensemble);
        for (const [op, bytes] of requests) client.send(op, w => void w.writeRaw(bytes));
        ensemble.time.advance(5);
        assert.equal([...ensemble.fatal.values()], []);
        assert.is(healthy.get('/healthy'), 'yes');
        client.raw.destroy();
      },
    ),
    { numRuns: 150 },
  );
});

test('an idle client expires after its timeout, not before; pings keep it alive', () => {
  const ensemble = standalone({ tickTime: 100 });
  const [idle, pinging] = [
    MemoryClient.open(ensemble, 1, { timeoutMs: 1000 }),
    MemoryClient.open(ensemble, 1, { timeoutMs: 1000 }),
  ];
  for (let i = 0; i < 9; i++) {
    ensemble.time.advance(100);
    pinging.ping();
  }
  assert.is(idle.raw.closed, null);
  for (let i = 0; i < 5; i++) {
    ensemble.time.advance(100);
    pinging.ping();
  }
  assert.ok(idle.raw.closed !== null);
  assert.is(pinging.raw.closed, null);
  assert.is(MemoryClient.open(ensemble, 1, sessionOf(idle)).response!.timeoutMs, 0);
  assert.ok(pinging.replies.every(reply => reply.xid === Xid.ping && reply.err === OK));
});

test('the server stops reading from a client that sends and does not read, at 64 MiB, and serves others', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/large', 'x'.repeat(1_000_000));
  client.raw.pause();
  for (let i = 0; i < 200; i++) client.send(OpCode.getData, body.read('/large'));
  const other = MemoryClient.open(ensemble);
  for (let i = 0; i < 20; i++) assert.is(other.create(`/n${i}`).err, OK);
  const [held] = [...ensemble.server(1).view.port!.connections].filter(
    ({ sessionId }) => sessionId === client.response!.sessionId,
  );
  assert.ok(
    held === undefined || held.stats.packetsSent < 80,
    'the server goes on answering a client that does not read',
  );
});

test('requests behind a write that does not complete are bounded: the server stops reading', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  ensemble.machine(1).disk.syncDelayMs = 2_000;
  client.send(OpCode.create, body.create('/slow'));
  const pings = Buffer.concat(Array.from({ length: 100_000 }, () => requestFrame(Xid.ping, OpCode.ping)));
  client.raw.write(pings);
  ensemble.time.advance(1_000);
  const [connection] = [...ensemble.server(1).view.port!.connections];
  assert.ok(
    connection!.outstanding > 1_000 && connection!.outstanding < 40_000,
    `${connection!.outstanding} wait`,
  );
  ensemble.machine(1).disk.syncDelayMs = 0;
  ensemble.wait(() => client.frames.length === 100_001, 'all answers');
});

test('multiRead answers part by part, and its answer is bounded', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/large', 'x'.repeat(500_000));
  const parts = (paths: readonly string[]) => (w: Parameters<typeof writeAuthRequest>[0]) => {
    for (const path of paths) {
      w.writeInt(OpCode.getData).writeBoolean(false).writeInt(-1);
      body.read(path, true)(w);
    }
    w.writeInt(-1).writeBoolean(true).writeInt(-1);
  };
  const { err, body: bytes } = client.ask(OpCode.multiRead, parts(['/none', '/large']));
  assert.is(err, OK);
  assert.is(bytes.subarray(0, 13).toString('hex'), 'ffffffff00ffffff9bffffff9b');
  const many = client.ask(OpCode.multiRead, parts(Array.from({ length: 10_000 }, () => '/large')));
  assert.equal([many.err, many.body.length], [MARSHALLINGERROR, 0]);
  client.create('/other');
  client.ask(OpCode.setData, body.setData('/large', 'x'));
  assert.ok(
    client.replies.every(reply => reply.xid !== Xid.notification),
    'multiRead sets no watch',
  );
});

test('a session expired on the server is refused with -112 by its own order when it still writes', () => {
  const ensemble = standalone();
  const client = MemoryClient.open(ensemble);
  client.send(OpCode.closeSession);
  const late = client.send(OpCode.create, body.create('/late'));
  ensemble.wait(() => client.raw.closed !== null, 'the end');
  const reply = client.replies.find(({ xid }) => xid === late);
  assert.ok(reply === undefined || reply.err === SESSIONEXPIRED);
  assert.is(MemoryClient.open(ensemble).get('/late'), NONODE);
});
