import { assert, suite } from '#test';
import { body, MemoryClient, requestFrame } from '../../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../../memory-ensemble.test-kit.ts';
import { OPEN_ACL_UNSAFE } from '../../wire/acl.ts';
import { ErrorCode } from '../../wire/error-codes.ts';
import { JuteReader, type JuteWriter } from '../../wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../../wire/multi.ts';
import { OpCode, Xid } from '../../wire/opcodes.ts';
import { writePathWatchRequest, writeSetWatchesRequest } from '../../wire/requests.ts';
import { OutputLedger } from '../buffers/output-ledger.ts';

const test = suite('clients: reads that are longer than a turn');

const { OK } = ErrorCode;
const TURN_MS = 5;
const MIB = 1024 * 1024;
/** A few turns' worth. */
const MANY = 25_000;

/** A lone server with `count` nodes below /many, `owner`'s when there is one. */
function serverWithMany(count = MANY, owner = 0n): MemoryEnsemble {
  const settings = { 'digest.enabled': 'false' };
  const ensemble = new MemoryEnsemble({ voters: 0, settings, turnMs: TURN_MS }).start();
  const client = MemoryClient.open(ensemble);
  client.create('/many');
  addNodes(ensemble, count, owner);
  return ensemble;
}

function addNodes(ensemble: MemoryEnsemble, count: number, owner = 0n): void {
  const { tree } = ensemble.server(1).database;
  const [clientHigh, clientLow] = [Number(BigInt.asIntN(32, owner >> 32n)), Number(BigInt.asIntN(32, owner))];
  const common = { data: null, acl: [...OPEN_ACL_UNSAFE], ephemeral: owner !== 0n, parentCVersion: -1 };
  const header = {
    clientHigh,
    clientLow,
    cxid: 0,
    zxid: tree.lastProcessedZxid,
    time: 1,
    type: OpCode.create,
  };
  for (let i = 0; i < count; i++)
    tree.processTxn(header, { type: OpCode.create, path: `/many/node-${i}`, ...common });
}

function turnsOf(ensemble: MemoryEnsemble): number {
  return ensemble.machine(1).runtime!.clock.turns;
}

/** The most turns that an answer to a ping takes until `done`. */
function worstWait(ensemble: MemoryEnsemble, quiet: MemoryClient, done: () => boolean): number {
  let worst = 0;
  while (!done()) {
    const before = quiet.frames.length;
    const turn = turnsOf(ensemble);
    quiet.ping();
    ensemble.wait(() => quiet.frames.length > before, 'the answer to a ping');
    worst = Math.max(worst, turnsOf(ensemble) - turn);
  }
  return worst;
}

test('field report B1: 300 pipelined getAllChildrenNumber of a large tree delay nobody, and their counts are right', () => {
  const ensemble = serverWithMany();
  const [greedy, quiet, writer] = [1, 2, 3].map(() => MemoryClient.open(ensemble)) as [
    MemoryClient,
    MemoryClient,
    MemoryClient,
  ];
  const COUNT = 300;
  const started = turnsOf(ensemble);
  const asks = Array.from({ length: COUNT }, () =>
    requestFrame(7, OpCode.getAllChildrenNumber, body.path('/many')),
  );
  greedy.raw.write(Buffer.concat(asks));
  for (let i = 0; i < 5; i++) writer.send(OpCode.create, body.create(`/many/more-${i}`));
  assert.ok(worstWait(ensemble, quiet, () => greedy.frames.length === COUNT) <= 3);
  assert.ok(turnsOf(ensemble) - started > 2, 'it took more than a turn');
  const numbers = greedy.replies.map(
    ({ err, body: bytes }) => [err, new JuteReader(bytes).readInt()] as const,
  );
  let last = MANY;
  for (const [err, number] of numbers) {
    assert.is(err, OK);
    assert.ok(number >= last && number <= MANY + 5, `${number} after ${last}`);
    last = number;
  }
  assert.is(
    new JuteReader(greedy.ask(OpCode.getAllChildrenNumber, body.path('/many')).body).readInt(),
    MANY + 5,
  );
});

test('getChildren of very many nodes takes several turns, shows one zxid, and precedes the event of a later change', () => {
  const ensemble = serverWithMany(4 * MANY);
  const [reader, quiet, writer] = [1, 2, 3].map(() => MemoryClient.open(ensemble)) as [
    MemoryClient,
    MemoryClient,
    MemoryClient,
  ];
  const { database } = ensemble.server(1);
  const zxidBefore = database.lastProcessedZxid;
  const started = turnsOf(ensemble);
  writer.send(OpCode.delete, body.delete('/many/node-0'));
  const xid = reader.send(OpCode.getChildren2, body.read('/many', true));
  const behind = reader.send(OpCode.exists, body.read('/many'));
  const done = () => reader.frames.length >= 3;
  assert.ok(worstWait(ensemble, quiet, done) <= 3);
  assert.ok(turnsOf(ensemble) - started > 2, 'it took more than a turn');
  const [names, event, last] = reader.replies;
  assert.equal([names!.xid, names!.err, names!.zxid], [xid, OK, zxidBefore]);
  const bytes = new JuteReader(names!.body);
  const list = bytes.readVector(r => r.readString())!;
  assert.is(list.length, 4 * MANY);
  assert.ok(list.includes('node-0'));
  assert.is(bytes.remaining, 68, 'the Stat, as it was');
  assert.is(event!.xid, Xid.notification);
  assert.equal([last!.xid, last!.zxid], [behind, database.lastProcessedZxid]);
});

/** A multiRead of so many reads of one node. */
const readsOf =
  (op: number, path: string, count: number) =>
  (writer: JuteWriter): void => {
    for (let i = 0; i < count; i++) {
      writeMultiHeader(writer, op, false, -1);
      writePathWatchRequest(writer, { path, watch: false });
    }
    writeMultiEnd(writer);
  };

/** How often a quiet client is answered before `done`. */
function answersUntil(ensemble: MemoryEnsemble, quiet: MemoryClient, done: () => boolean): number {
  let answers = 0;
  while (!done()) {
    quiet.ping();
    const before = quiet.frames.length;
    ensemble.wait(() => quiet.frames.length > before, 'the answer to a ping');
    answers++;
  }
  return answers;
}

test('field report B1: others are answered during a multiRead of very many parts or long lists, which is complete', () => {
  const ensemble = serverWithMany();
  const [greedy, quiet] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  for (const [op, path, count] of [
    [OpCode.getData, '/many/node-1', 40_000],
    [OpCode.getChildren, '/many', 15],
  ] as const) {
    const xid = greedy.send(OpCode.multiRead, readsOf(op, path, count));
    const isAnswered = () => greedy.replies.some(reply => reply.xid === xid);
    assert.ok(answersUntil(ensemble, quiet, isAnswered) > 3);
    const { err, body: parts } = greedy.reply(xid);
    const one = greedy.ask(OpCode.multiRead, readsOf(op, path, 1)).body;
    assert.is(err, OK);
    assert.is(parts.length - 9, count * (one.length - 9));
  }
});

test('a multiRead whose answer is too large is refused as soon as that is known, also in slices', () => {
  const ensemble = serverWithMany(1_000);
  const [greedy, quiet] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  const xid = greedy.send(OpCode.multiRead, readsOf(OpCode.getChildren, '/many', 40_000));
  const answers = answersUntil(ensemble, quiet, () => greedy.replies.some(reply => reply.xid === xid));
  assert.ok(answers > 3 && answers < 100, `${answers} answers`);
  assert.is(greedy.reply(xid).err, ErrorCode.MARSHALLINGERROR);
  assert.is(typeof greedy.get('/many'), 'string');
});

test('an answer in the making counts towards the limit for all clients until its client closes', () => {
  const ensemble = serverWithMany(1_000);
  const port = ensemble.server(1).view.port!;
  const greedy = MemoryClient.open(ensemble);
  const connection = [...port.connections].at(-1);
  const isIn = () => connection!.output.keptBytes - connection!.output.bytesQueued;
  greedy.send(OpCode.multiRead, readsOf(OpCode.getChildren, '/many', 40_000));
  ensemble.wait(() => isIn() > 4 * MIB, 'some of the answer to be made');
  assert.ok(port.outputs.bytes >= isIn());
  greedy.raw.destroy();
  ensemble.wait(() => port.outputs.bytes === 0, 'nothing to be kept');
});

test('of many clients with answers in the making the one with most is cut off first, and others stay', () => {
  const ensemble = serverWithMany(1_000);
  const port = ensemble.server(1).view.port!;
  Object.assign(port, { outputs: new OutputLedger(30 * MIB) });
  const quiet = MemoryClient.open(ensemble);
  const greedy = Array.from({ length: 8 }, () => MemoryClient.open(ensemble));
  for (const client of greedy) client.send(OpCode.multiRead, readsOf(OpCode.getChildren, '/many', 700));
  let most = 0;
  ensemble.wait(() => {
    most = Math.max(most, port.outputs.bytes);
    return greedy.every(client => client.frames.length === 1 || client.raw.closed !== null);
  }, 'each to be answered or cut off');
  assert.ok(most > 20 * MIB && most < 34 * MIB, `${most} bytes`);
  assert.ok(greedy.some(({ raw }) => raw.closed === null));
  assert.is(quiet.raw.closed, null);
});

test('pipelined getChildren of very many nodes encode the names once and share them', () => {
  const ensemble = serverWithMany();
  const [reader, quiet] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  const started = turnsOf(ensemble);
  const COUNT = 20;
  for (let i = 0; i < COUNT; i++) reader.send(OpCode.getChildren, body.read('/many'));
  assert.ok(worstWait(ensemble, quiet, () => reader.frames.length === COUNT) <= 3);
  const first = reader.replies[0]!.body;
  assert.ok(reader.replies.every(reply => reply.err === OK && reply.body.equals(first)));
  assert.ok(turnsOf(ensemble) - started < 400, `${turnsOf(ensemble) - started} turns`);
});

test('getEphemerals of very many nodes takes several turns, with and without a prefix', () => {
  const ensemble = serverWithMany(0);
  const [owner, quiet] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  addNodes(ensemble, 2 * MANY, owner.response!.sessionId);
  for (const [prefix, count] of [
    ['/', 2 * MANY],
    ['/many/node-5', 1_111],
    ['/other', 0],
  ] as const) {
    const before = owner.frames.length;
    const started = turnsOf(ensemble);
    const xid = owner.send(OpCode.getEphemerals, body.path(prefix));
    assert.ok(worstWait(ensemble, quiet, () => owner.frames.length > before) <= 3);
    assert.ok(turnsOf(ensemble) - started > 1);
    const reply = owner.replies.at(-1)!;
    assert.equal([reply.xid, reply.err], [xid, OK]);
    assert.is(new JuteReader(reply.body).readVector(r => r.readString())!.length, count, prefix);
  }
});

test('setWatches of very many paths takes several turns: missed events, then new watches, then the answer', () => {
  const ensemble = serverWithMany(20_000);
  const [client, quiet] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  const there = Array.from({ length: 20_000 }, (_, i) => `/many/node-${i}`);
  const gone = Array.from({ length: 10_000 }, (_, i) => `/gone/${i}`);
  const { tree, lastProcessedZxid } = ensemble.server(1).database;
  const request = {
    relativeZxid: lastProcessedZxid,
    dataWatches: [...there, ...gone],
    existWatches: [],
    childWatches: [],
    persistentWatches: [],
    persistentRecursiveWatches: [],
  };
  const started = turnsOf(ensemble);
  client.raw.write(
    requestFrame(Xid.setWatches, OpCode.setWatches, w => writeSetWatchesRequest(w, request, false)),
  );
  const answered = () => client.replies.at(-1)?.xid === Xid.setWatches;
  assert.ok(worstWait(ensemble, quiet, answered) <= 3);
  assert.ok(turnsOf(ensemble) - started > 2, 'it took more than a turn');
  assert.is(client.replies.filter(({ xid }) => xid === Xid.notification).length, gone.length);
  assert.is(tree.dataWatches.watchCount, there.length);
});

test('requests of the same session, writes too, wait behind a long read; other sessions do not', () => {
  const ensemble = serverWithMany();
  const [client, other] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  const xids = [
    client.send(OpCode.create, body.create('/first')),
    client.send(OpCode.getAllChildrenNumber, body.path('/many')),
    client.send(OpCode.create, body.create('/many/second')),
    client.send(OpCode.getAllChildrenNumber, body.path('/many')),
    client.send(OpCode.getChildren, body.read('/many')),
    client.send(OpCode.delete, body.delete('/many/second')),
    client.send(OpCode.exists, body.read('/many/second')),
  ];
  ensemble.time.advance(1);
  assert.is(other.create('/other').err, OK);
  assert.ok(client.frames.length < xids.length, 'answered meanwhile');
  client.reply(xids.at(-1)!);
  assert.equal(
    client.replies.map(({ xid }) => xid),
    xids,
  );
  const numberOf = (i: number) => new JuteReader(client.replies[i]!.body).readInt();
  assert.equal([numberOf(1), numberOf(3), numberOf(4)], [MANY, MANY + 1, MANY + 1]);
  assert.is(client.replies.at(-1)!.err, ErrorCode.NONODE);
});

test('a client that leaves in the middle of its long reads leaves nothing behind', () => {
  const ensemble = serverWithMany(4 * MANY);
  const { descendantCounts } = ensemble.server(1).database.tree;
  const client = MemoryClient.open(ensemble);
  client.send(OpCode.getAllChildrenNumber, body.path('/many'));
  ensemble.wait(() => descendantCounts.size === 1, 'the count to begin');
  client.raw.destroy();
  ensemble.wait(() => descendantCounts.size === 0, 'the count to be given up');
  assert.is(MemoryClient.open(ensemble).create('/after').err, OK);
});
