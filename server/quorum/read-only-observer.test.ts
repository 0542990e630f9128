/** Observers that serve read-only clients without a master: rows 003 of docs/statements.md, by number. */
import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { OBSERVER_MASTER_PORT } from '../memory-ensemble.test-kit.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { EventType, KeeperState } from '../wire/watch-event.ts';
import {
  cut,
  eventsOf,
  isolate,
  loseQuorum,
  modeOf,
  OBSERVER,
  OTHER_OBSERVER,
  openReader,
  READ_ONLY,
  readOnlyEnsemble,
  restoreQuorum,
  restoreWithPings,
  SteadyReader,
  statesOf,
  TIMEOUT_MS,
  untilObserves,
  untilReadOnly,
  untilSyncIsHeldBack,
  VOTERS,
  wordOf,
} from './read-only-observer.test-kit.ts';

const test = suite('quorum: read-only observers');

const { OK, NOTREADONLY } = ErrorCode;
const { connected, connectedReadOnly } = KeeperState;
const EPHEMERAL = 1;
const DIRECT_AND_BEHIND_MASTERS = [0, OBSERVER_MASTER_PORT];

test('003-2, 003-11: during an outage a client can connect if it says that read-only is enough, and no other', () => {
  const ensemble = readOnlyEnsemble();
  openReader(ensemble).create('/a', 'x');
  loseQuorum(ensemble);
  const client = openReader(ensemble);
  assert.is(client.response?.readOnly, true);
  assert.is(client.get('/a'), 'x');
  for (const readOnly of [false, undefined]) {
    const refused = MemoryClient.open(ensemble, OBSERVER, { readOnly });
    assert.is(refused.response, null, 'it is closed without an answer, as upstream does');
    refused.raw.untilClosed();
  }
  restoreQuorum(ensemble);
  assert.is(client.create('/b').err, OK, 'its session lives on');
  assert.is(openReader(ensemble).response?.readOnly, false);
});

for (const observerMasterPort of DIRECT_AND_BEHIND_MASTERS) {
  const behind = observerMasterPort === 0 ? 'behind the leader' : 'behind a master';

  test(`003-3, 003-4: a client reads through the loss of the quorum without a failed or late read (${behind})`, () => {
    const ensemble = readOnlyEnsemble({ observerMasterPort });
    const reader = new SteadyReader(ensemble, openReader(ensemble), '/a');
    reader.client.create('/a', 'x');
    reader.readFor(100);
    for (let outage = 0; outage < 3; outage++) {
      for (const sid of VOTERS) ensemble.kill(sid);
      reader.readFor(3000);
      ensemble.boot(...VOTERS);
      reader.readUntil(() => modeOf(ensemble) === 'observer', 'the observer to have a master');
      assert.is(reader.client.ask(OpCode.setData, body.setData('/a', String(outage))).err, OK);
    }
    reader.missedNothing(1500);
  });

  test(`003-4, 003-21: a client reads through the loss of the leader, and of the master alone (${behind})`, () => {
    const ensemble = readOnlyEnsemble({ observerMasterPort });
    const reader = new SteadyReader(ensemble, openReader(ensemble), '/a');
    reader.client.create('/a', 'x');
    for (let round = 0; round < 3; round++) {
      const master = ensemble.server(OBSERVER).view.observerMasterId!;
      const lost = round === 0 ? master : ensemble.leader;
      ensemble.kill(lost);
      // Noticing the loss takes longer than electing the successor.
      reader.readFor(1500);
      reader.readUntil(() => ensemble.leader > 0 && modeOf(ensemble) === 'observer', 'another master');
      assert.is(reader.client.ask(OpCode.setData, body.setData('/a', String(round))).err, OK);
      ensemble.boot(lost);
      reader.readFor(1500);
    }
    reader.missedNothing(300);
  });

  test(`003-13, 003-14: after an outage on one side alone, watches fire once and in order, as if nothing had been (${behind})`, () => {
    const ensemble = readOnlyEnsemble({ observerMasterPort });
    const [reader, writer] = [openReader(ensemble), MemoryClient.open(ensemble, VOTERS[0])];
    for (const path of ['/data', '/children', '/gone', '/late']) if (path !== '/late') writer.create(path);
    reader.ask(OpCode.sync, body.path('/'));
    reader.ask(OpCode.getData, body.read('/data', true));
    reader.ask(OpCode.getChildren, body.read('/children', true));
    reader.ask(OpCode.exists, body.read('/gone', true));
    reader.ask(OpCode.exists, body.read('/late', true));
    isolate(ensemble, true);
    untilReadOnly(ensemble);
    writer.ask(OpCode.setData, body.setData('/data', '1'));
    writer.create('/late');
    writer.ask(OpCode.setData, body.setData('/data', '2'));
    writer.create('/children/c');
    writer.ask(OpCode.delete, body.delete('/gone'));
    assert.is(reader.get('/data'), '', 'the state of the loss');
    assert.is(reader.get('/late'), ErrorCode.NONODE);
    isolate(ensemble, false);
    untilObserves(ensemble);
    assert.is(reader.get('/data'), '2');
    assert.equal(
      eventsOf(reader).map(({ type, path, state }) => (type === -1 ? state : `${type} ${path}`)),
      [
        connectedReadOnly,
        `${EventType.dataChanged} /data`,
        `${EventType.created} /late`,
        `${EventType.childrenChanged} /children`,
        `${EventType.deleted} /gone`,
        connected,
      ],
    );
    assert.is(reader.raw.closed, null);
  });
}

test('003-21: when a master dies alone no client notices, whatever its session, and writes only take longer', () => {
  const ensemble = readOnlyEnsemble({ observerMasterPort: OBSERVER_MASTER_PORT });
  const reader = new SteadyReader(ensemble, openReader(ensemble), '/a');
  reader.client.create('/a', 'x');
  const writer = MemoryClient.open(ensemble, OBSERVER);
  const owner = openReader(ensemble);
  assert.is(owner.create('/mine', '', EPHEMERAL).err, OK);
  const third = openReader(ensemble);
  const clients = [third, writer, owner];
  for (let round = 0; round < 3; round++) {
    const master = ensemble.server(OBSERVER).view.observerMasterId!;
    assert.is.not(master, ensemble.leader);
    ensemble.kill(master);
    ensemble.time.advance(5);
    // This write comes after the loss, and before there is another master.
    const writes = clients.map(
      client => [client, client.send(OpCode.setData, body.setData('/a', 'y'))] as const,
    );
    const late = MemoryClient.open(ensemble, OBSERVER);
    for (const [client, xid] of writes) assert.is(client.reply(xid).err, OK);
    assert.is(late.response?.readOnly, false, 'a new client waits and is served');
    assert.is(late.get('/mine'), '');
    assert.is.not(ensemble.server(OBSERVER).view.observerMasterId, master);
    ensemble.boot(master);
    reader.readFor(1500);
    for (const client of [reader.client, ...clients]) {
      assert.is(client.raw.closed, null);
      assert.equal(statesOf(client), []);
    }
    for (const client of clients) client.ping();
  }
  reader.missedNothing(300);
  assert.equal(
    ensemble.events.get(OBSERVER)!.filter(({ kind }) => kind === 'readOnlyBegins'),
    [],
  );
});

test('003-5, 003-6, 003-22: sessions that are global or not read-only are closed, and find another member', () => {
  const ensemble = readOnlyEnsemble();
  const reader = openReader(ensemble);
  const writer = MemoryClient.open(ensemble, OBSERVER);
  const owner = openReader(ensemble);
  assert.is(owner.create('/mine', '', EPHEMERAL).err, OK);
  cut(ensemble, OBSERVER, ensemble.leader, true);
  untilReadOnly(ensemble);
  writer.raw.untilClosed();
  owner.raw.untilClosed();
  assert.is(reader.raw.closed, null);
  const { sessionId, password } = owner.response!;
  const back = MemoryClient.open(ensemble, OBSERVER, { ...READ_ONLY, sessionId, password });
  assert.is(back.response, null, 'a global session is not told that it has expired');
  const moved = MemoryClient.open(ensemble, OTHER_OBSERVER, { ...READ_ONLY, sessionId, password });
  assert.is(moved.response?.sessionId, sessionId);
  assert.is(moved.get('/mine'), '');
});

test('003-7, 003-10, 003-12: every session that stays is told once of the outage and once of its end', () => {
  const ensemble = readOnlyEnsemble();
  const clients = Array.from({ length: 3 }, () => openReader(ensemble));
  clients[0]!.create('/a');
  loseQuorum(ensemble);
  ensemble.time.advance(500);
  for (const client of clients) assert.equal(statesOf(client), [connectedReadOnly]);
  assert.is(wordOf(ensemble, 'isro'), 'ro');
  restoreWithPings(ensemble, clients);
  ensemble.time.advance(100);
  for (const client of clients) assert.equal(statesOf(client), [connectedReadOnly, connected]);
  assert.is(wordOf(ensemble, 'isro'), 'rw');
  for (const client of clients) assert.is(client.raw.closed, null);
});

/**
 * The states that Java's client reports to its watchers: it leaves out a state that the event before already
 * named.
 */
function statesHeardInJava(client: MemoryClient): number[] {
  let last: number = connected;
  const heard: number[] = [];
  for (const { type, state } of eventsOf(client)) {
    if (type === EventType.none && state !== last) heard.push(state);
    last = state;
  }
  return heard;
}

test('003-12, 003-18: Java’s client hears of the end too when watches fire before it', () => {
  for (const observerMasterPort of DIRECT_AND_BEHIND_MASTERS) {
    const ensemble = readOnlyEnsemble({ observerMasterPort });
    const [reader, writer] = [openReader(ensemble), MemoryClient.open(ensemble, VOTERS[0])];
    writer.create('/a');
    reader.ask(OpCode.sync, body.path('/'));
    reader.ask(OpCode.getData, body.read('/a', true));
    isolate(ensemble, true);
    untilReadOnly(ensemble);
    const late = openReader(ensemble);
    late.ask(OpCode.getData, body.read('/a', true));
    writer.ask(OpCode.setData, body.setData('/a', 'new'));
    isolate(ensemble, false);
    untilObserves(ensemble);
    assert.is(reader.get('/a'), 'new');
    assert.is(late.get('/a'), 'new');
    assert.equal(statesHeardInJava(reader), [connectedReadOnly, connected]);
    assert.equal(
      eventsOf(late).map(({ type, state }) => [type, state]),
      [
        [EventType.dataChanged, connectedReadOnly],
        [EventType.none, connected],
      ],
    );
    reader.ask(OpCode.getData, body.read('/a', true));
    writer.ask(OpCode.setData, body.setData('/a', 'newest'));
    reader.ask(OpCode.sync, body.path('/'));
    assert.is(eventsOf(reader).at(-1)!.state, connected, 'as before the outage');
  }
});

test('003-8, 003-9, 003-19: pending writes and later ones get NOTREADONLY in their places; a pending one may still appear', () => {
  const ensemble = readOnlyEnsemble();
  const client = openReader(ensemble);
  client.create('/a', 'old');
  for (const sid of VOTERS) ensemble.machine(sid).disk.syncDelayMs = 200;
  const before = client.frames.length;
  const pending = [
    client.send(OpCode.create, body.create('/pending')),
    client.send(OpCode.getData, body.read('/a')),
    client.send(OpCode.sync, body.path('/')),
  ];
  ensemble.time.advance(100);
  assert.is(client.frames.length, before, 'they are under way');
  isolate(ensemble, true);
  untilReadOnly(ensemble);
  const later = [
    client.send(OpCode.setData, body.setData('/a', 'new')),
    client.send(OpCode.sync, body.path('/')),
    client.send(OpCode.create, body.create('/e', '', EPHEMERAL)),
    client.send(OpCode.getData, body.read('/a')),
  ];
  client.reply(later.at(-1)!);
  const codes = client.replies.filter(({ xid }) => xid > 1).map(({ xid, err }) => [xid, err]);
  assert.equal(codes, [
    [pending[0], NOTREADONLY],
    [pending[1], OK],
    [pending[2], NOTREADONLY],
    [later[0], NOTREADONLY],
    [later[1], NOTREADONLY],
    [later[2], NOTREADONLY],
    [later[3], OK],
  ]);
  isolate(ensemble, false);
  untilObserves(ensemble);
  assert.is(client.get('/pending'), '', 'the leader had it, and a quorum accepted it');
  assert.is(client.get('/a'), 'old');
});

test('003-15: when the observer is back its clients write again, also the ephemerals that make their sessions global', () => {
  const ensemble = readOnlyEnsemble();
  const client = openReader(ensemble);
  loseQuorum(ensemble);
  assert.is(client.create('/a').err, NOTREADONLY);
  restoreQuorum(ensemble);
  assert.is(client.create('/a').err, OK);
  assert.is(client.create('/mine', '', EPHEMERAL).err, OK);
  loseQuorum(ensemble);
  client.raw.untilClosed();
});

test('003-13: nobody reads what a leader sends before it is established, also if the sync fails halfway', () => {
  const ensemble = readOnlyEnsemble({}, { voters: 3 });
  const { leader, client, followers, observer } = untilSyncIsHeldBack(ensemble, 'uncommitted');
  assert.is(client.get('/a'), 'old');
  const held = observer.lastLoggedZxid;
  for (const sid of VOTERS) ensemble.kill(sid);
  ensemble.time.advance(3000);
  assert.is(observer.lastLoggedZxid, held, 'its log keeps what may be committed elsewhere');
  assert.is(client.get('/a'), 'old', 'and its readers still do not see it');
  for (const sid of followers) ensemble.machine(sid).disk.syncDelayMs = 0;
  ensemble.boot(leader, followers[0]!);
  untilObserves(ensemble);
  assert.is(client.get('/a'), 'uncommitted', 'a quorum has it now');
  assert.is(client.raw.closed, null);
});

test('003-16, 003-17: a SNAP or TRUNC closes all connections, and not before it has replaced the tree', () => {
  const ensemble = readOnlyEnsemble({ forceSnapshotSync: 'true' });
  const client = openReader(ensemble);
  client.create('/a', 'x');
  client.ask(OpCode.getData, body.read('/a', true));
  loseQuorum(ensemble);
  assert.is(client.get('/a'), 'x');
  ensemble.boot(...VOTERS);
  ensemble.wait(() => client.raw.closed !== null, 'the client to be closed');
  untilObserves(ensemble);
  const { sessionId, password } = client.response!;
  const back = MemoryClient.open(ensemble, OBSERVER, { ...READ_ONLY, sessionId, password });
  assert.is(back.response?.sessionId, sessionId, 'its session comes back, and sets its watches again');
});

test('003-20: local sessions expire in an outage too', () => {
  const ensemble = readOnlyEnsemble();
  const [silent, lively] = [openReader(ensemble), openReader(ensemble)];
  loseQuorum(ensemble);
  for (let ms = 0; ms < 2 * TIMEOUT_MS; ms += TIMEOUT_MS / 4) {
    lively.ping();
    ensemble.time.advance(TIMEOUT_MS / 4);
  }
  assert.is.not(silent.raw.closed, null);
  assert.is(lively.raw.closed, null);
  assert.is(lively.ask(OpCode.closeSession).err, OK);
});

test('a thousand readers move between the two servers: no read is late, and each hears of a change before it hears of the end', () => {
  const ensemble = readOnlyEnsemble({ maxClientCnxns: 0 });
  const writer = MemoryClient.open(ensemble, VOTERS[0]);
  writer.create('/a');
  const crowd = Array.from({ length: 1000 }, () => new MemoryClient(ensemble, OBSERVER, READ_ONLY));
  ensemble.wait(() => crowd.every(({ response }) => response !== null), 'all sessions');
  for (const client of crowd) client.send(OpCode.getData, body.read('/a', true));
  const reader = new SteadyReader(ensemble, openReader(ensemble), '/a');
  isolate(ensemble, true);
  reader.readUntil(() => modeOf(ensemble) === 'read-only', 'the observer to be read-only');
  writer.ask(OpCode.setData, body.setData('/a', 'new'));
  isolate(ensemble, false);
  reader.readUntil(() => modeOf(ensemble) === 'observer', 'the observer to have a master');
  reader.readFor(100);
  reader.missedNothing(40);
  for (const client of crowd) {
    const told = eventsOf(client).map(({ type, state }) => (type === EventType.none ? state : 'changed'));
    assert.equal(told, [connectedReadOnly, 'changed', connected]);
    assert.equal(statesHeardInJava(client), [connectedReadOnly, connected]);
  }
});

test('what the observer catches up with after a long outage is committed later than the outage, and its tree becomes the leader’s', () => {
  const ensemble = readOnlyEnsemble({}, { turnUnits: 40, turnMs: 2 });
  const [client, writer] = [openReader(ensemble), MemoryClient.open(ensemble, VOTERS[0])];
  writer.create('/a');
  isolate(ensemble, true);
  untilReadOnly(ensemble);
  for (let n = 0; n < 300; n++) writer.send(OpCode.setData, body.setData('/a', `outage ${n}`));
  writer.ask(OpCode.setData, body.setData('/a', 'last of the outage'));
  isolate(ensemble, false);
  const observer = ensemble.server(OBSERVER).database;
  ensemble.wait(() => observer.lastLoggedZxid > observer.lastProcessedZxid, 'a sync that is held back');
  for (let n = 0; n < 300; n++) writer.send(OpCode.setData, body.setData('/a', `late ${n}`));
  untilObserves(ensemble);
  writer.ask(OpCode.setData, body.setData('/a', 'last'));
  client.ask(OpCode.sync, body.path('/'));
  assert.is(client.get('/a'), 'last');
  assert.is(
    observer.tree.digest.toBigInt(),
    ensemble.server(ensemble.leader).database.tree.digest.toBigInt(),
  );
  assert.equal(
    ensemble.events.get(OBSERVER)!.filter(({ kind }) => kind === 'treeDiffers'),
    [],
  );
});
