import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import type { JuteWriter } from '../wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writeCreateRequest } from '../wire/requests.ts';

const test = suite('processors: what is applied in one turn');

/** Mode of an addWatch. */
const PERSISTENT = 0;

/** A multi of so many creates with `bytes` of data each. */
const multi =
  (prefix: string, parts: number, bytes = 0) =>
  (writer: JuteWriter) => {
    for (let part = 0; part < parts; part++) {
      writeMultiHeader(writer, OpCode.create, false, -1);
      const path = `${prefix}${part}`;
      writeCreateRequest(writer, { path, data: Buffer.alloc(bytes), acl: OPEN_ACL_UNSAFE, flags: 0 });
    }
    writeMultiEnd(writer);
  };

/** The most transactions applied in one turn, until `count` more are applied. */
function mostInOneTurn(ensemble: MemoryEnsemble, sid: number, count: number, each = () => {}): number {
  const { database } = ensemble.server(sid);
  const start = database.lastProcessedZxid;
  let most = 0;
  let before = start;
  ensemble.wait(() => {
    most = Math.max(most, database.lastProcessedZxid - before);
    before = database.lastProcessedZxid;
    if (before > start) each();
    return before - start === count;
  }, `${count} transactions to be applied`);
  return most;
}

test('field report B1: large multis of one client that are committed together are applied one per turn, on every member', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
  const client = MemoryClient.open(ensemble, ensemble.leader);
  for (const sid of ensemble.sids) ensemble.machine(sid).disk.syncDelayMs = 50;
  for (const sid of ensemble.sids) {
    ensemble.time.advance(500);
    for (let i = 0; i < 6; i++) client.send(OpCode.multi, multi(`/${sid}-${i}-`, 1200));
    assert.is(mostInOneTurn(ensemble, sid, 6), 1, `member ${sid}`);
  }
  ensemble.time.advance(500);
  const digests = ensemble.sids.map(sid => ensemble.server(sid).database.tree.digest.toBigInt());
  assert.is(new Set(digests).size, 1);
});

test('field report B1: the bytes of transactions count towards a turn too', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, turnUnits: 9_000 }).start();
  const client = MemoryClient.open(ensemble);
  ensemble.machine(1).disk.syncDelayMs = 50;
  for (let i = 0; i < 6; i++) client.send(OpCode.create, body.create(`/${i}`, 'x'.repeat(512 * 1024)));
  assert.is(mostInOneTurn(ensemble, 1, 6), 3);
});

test('other clients are served between two slices, and read the tree after a whole transaction', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, turnMs: 5 }).start();
  const [writer, reader] = [MemoryClient.open(ensemble), MemoryClient.open(ensemble)];
  writer.create('/x');
  ensemble.machine(1).disk.syncDelayMs = 50;
  const [count, parts] = [12, 1200];
  for (let i = 0; i < count; i++) writer.send(OpCode.multi, multi(`/x/${i}-`, parts));
  const ask = () => void reader.send(OpCode.getAllChildrenNumber, body.path('/x'));
  ask();
  let answered = 0;
  mostInOneTurn(ensemble, 1, count, () => {
    if (reader.frames.length === answered) return;
    answered = reader.frames.length;
    ask();
  });
  const seen = reader.replies.map(reply => reply.body.readInt32BE(0));
  for (const nodes of seen) assert.is(nodes % parts, 0, `${nodes} nodes`);
  assert.ok(new Set(seen).size > 4, `${seen}`);
});

test('fired watches count towards a turn: a node that many watch changes only a few times in one', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, turnUnits: 100 }).start();
  const writer = MemoryClient.open(ensemble);
  writer.create('/watched');
  const watchers = Array.from({ length: 200 }, () => MemoryClient.open(ensemble));
  for (const watcher of watchers)
    watcher.ask(OpCode.addWatch, w => void w.writeString('/watched').writeInt(PERSISTENT));
  ensemble.machine(1).disk.syncDelayMs = 50;
  for (let i = 0; i < 12; i++) writer.send(OpCode.setData, body.setData('/watched', `${i}`));
  assert.is(mostInOneTurn(ensemble, 1, 12), 3);
  for (const watcher of watchers)
    ensemble.wait(() => watcher.frames.length === 13, 'an answer and all events');
});

test('deleted ephemerals count towards a turn: few sessions with many of them close in one', () => {
  for (const closeSessionTxn of ['true', 'false']) {
    const settings = { 'closeSessionTxn.enabled': closeSessionTxn };
    const ensemble = new MemoryEnsemble({ voters: 0, turnUnits: 130, settings }).start();
    const clients = Array.from({ length: 8 }, () => MemoryClient.open(ensemble));
    for (const [i, client] of clients.entries())
      for (let n = 0; n < 200; n++) client.send(OpCode.create, body.create(`/${i}-${n}`, '', 1));
    ensemble.wait(() => clients.every(client => client.frames.length === 200), 'the ephemerals');
    ensemble.machine(1).disk.syncDelayMs = 50;
    for (const client of clients) client.send(OpCode.closeSession);
    assert.is(mostInOneTurn(ensemble, 1, 8), 3, `closeSessionTxn.enabled=${closeSessionTxn}`);
    assert.is(ensemble.server(1).database.tree.ephemeralsCount, 0);
  }
});
