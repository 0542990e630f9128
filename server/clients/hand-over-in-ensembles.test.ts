import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { events } from './hand-over.test-kit.ts';

const test = suite('clients: hand-over on members of ensembles');

const { OK, CONNECTIONLOSS } = ErrorCode;

/** Keeps clients for the next role of these members when a role ends. */
function keeping(ensemble: MemoryEnsemble, ...sids: number[]): void {
  for (const sid of sids) {
    const port = ensemble.server(sid).view.port!;
    const serve = port.serve.bind(port);
    port.serve = server => (server === null ? port.keep() : serve(server));
  }
}

/** Isolates a member from all others: its links are refused, and it no longer serves. */
function isolate(ensemble: MemoryEnsemble, sid: number): void {
  for (const other of ensemble.sids.filter(each => each !== sid)) {
    ensemble.network.cut(`zk${other}`, `zk${sid}`, 'refuse');
    ensemble.network.cut(`zk${sid}`, `zk${other}`, 'refuse');
  }
  ensemble.wait(() => ensemble.server(sid).view.port!.server() === null, 'the end of its role');
}

test('clients of followers and observers keep connection, session and watches through the loss of the leader', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
  const { leader } = ensemble;
  const staying = ensemble.sids.filter(sid => sid !== leader);
  keeping(ensemble, ...staying);
  const clients = staying.map(sid => MemoryClient.open(ensemble, sid, { timeoutMs: 4_000 }));
  clients[0]!.create('/a', 'old');
  for (const client of clients) client.ask(OpCode.sync, body.path('/a'));
  for (const client of clients) client.ask(OpCode.getData, body.read('/a', true));
  for (const [at, client] of clients.entries())
    client.ask(OpCode.create, body.create(`/ephemeral${at}`, '', 1));
  const pending = clients.map(client => client.send(OpCode.setData, body.setData('/none', 'x')));
  ensemble.kill(leader);
  ensemble.wait(() => ensemble.leader !== -1, 'a leader');
  for (const [at, client] of clients.entries()) {
    const { err } = client.reply(pending[at]!);
    assert.ok(err === CONNECTIONLOSS || err === ErrorCode.NONODE, `${err}`);
  }
  assert.is(clients[0]!.ask(OpCode.setData, body.setData('/a', 'new')).err, OK);
  ensemble.wait(() => clients.every(client => events(client).length > 0), 'the events');
  for (const [at, client] of clients.entries()) {
    assert.equal(events(client), ['dataChanged /a']);
    assert.is(client.get('/a'), 'new');
    assert.is(client.get(`/ephemeral${at}`), '');
    assert.is(client.raw.closed, null);
  }
});

test('an observer returns by DIFF: its clients hear once of what they missed, and write again', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
  keeping(ensemble, 4);
  const [reader, writer] = [MemoryClient.open(ensemble, 4), MemoryClient.open(ensemble, ensemble.leader)];
  for (const path of ['/a', '/b']) writer.create(path, 'old');
  reader.ask(OpCode.sync, body.path('/a'));
  for (const path of ['/a', '/b']) reader.ask(OpCode.getData, body.read(path, true));
  isolate(ensemble, 4);
  writer.ask(OpCode.setData, body.setData('/a', 'new'));
  assert.equal(events(reader), []);
  ensemble.network.healAll();
  assert.is(reader.get('/a'), 'new');
  assert.equal(events(reader), ['dataChanged /a']);
  assert.is(reader.ask(OpCode.setData, body.setData('/b', 'new')).err, OK);
  assert.equal(events(reader), ['dataChanged /a', 'dataChanged /b']);
  assert.is(reader.raw.closed, null);
});

test('an observer returns by SNAP: its clients are closed and resume their sessions elsewhere', () => {
  const settings = { commitLogCount: 1, snapshotSizeFactor: -1 };
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1, settings }).start();
  keeping(ensemble, 4);
  const [reader, writer] = [MemoryClient.open(ensemble, 4), MemoryClient.open(ensemble, ensemble.leader)];
  writer.create('/a');
  isolate(ensemble, 4);
  for (let at = 0; at < 5; at++) writer.create(`/missed${at}`);
  assert.is(reader.raw.closed, null);
  ensemble.network.healAll();
  reader.raw.untilClosed();
  const { sessionId, password } = reader.response!;
  const back = MemoryClient.open(ensemble, ensemble.leader, { sessionId, password });
  assert.is(back.response!.sessionId, sessionId);
});
