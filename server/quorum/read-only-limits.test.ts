import { assert, suite } from '#test';
import { parseConfig } from '../config/server-config.ts';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { nameOf, OBSERVER_MASTER_PORT } from '../memory-ensemble.test-kit.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import {
  isolate,
  loseQuorum,
  modeOf,
  OBSERVER,
  openReader,
  readOnlyEnsemble,
  restoreQuorum,
  untilObserves,
  untilSyncIsHeldBack,
  VOTERS,
  wordOf,
} from './read-only-observer.test-kit.ts';

const test = suite('quorum: limits of read-only observers');

const { OK } = ErrorCode;

test('003-23: srvr, mntr and isro show that the observer is read-only, for how long, and at which zxid', () => {
  const ensemble = readOnlyEnsemble();
  openReader(ensemble).create('/a');
  assert.match(wordOf(ensemble, 'mntr'), /zk_read_only_ms\t0\n/);
  loseQuorum(ensemble);
  ensemble.time.advance(2000);
  const srvr = wordOf(ensemble, 'srvr');
  assert.match(srvr, /\nREAD-ONLY mode; serving only read-only clients\nLatency/);
  assert.match(srvr, /\nMode: read-only\n/);
  assert.match(srvr, /\nRead-only for: 2\d\d\d ms\n/);
  assert.match(srvr, /\nZxid: 0x100000001\n/);
  const mntr = wordOf(ensemble, 'mntr');
  assert.match(mntr, /zk_server_state\tread-only\n/);
  assert.match(mntr, /zk_last_processed_zxid\t4294967297\n/);
  assert.match(mntr, /zk_read_only_ms\t2\d\d\d\n/);
});

test('stat, as upstream, says that a server is read-only before it lists clients, and srvr before the latency', () => {
  const ensemble = readOnlyEnsemble();
  loseQuorum(ensemble);
  openReader(ensemble);
  const head = /^Zookeeper version: .*\nREAD-ONLY mode; serving only read-only clients\n/;
  assert.match(wordOf(ensemble, 'srvr'), new RegExp(`${head.source}Latency`));
  assert.match(wordOf(ensemble, 'stat'), new RegExp(`${head.source}Clients:\\n .*\\n\\nLatency`));
});

test('observer.readOnly.maxStaleMs closes the readers when their data are that old, and accepts no new ones', () => {
  const ensemble = readOnlyEnsemble({ 'observer.readOnly.maxStaleMs': 3000 });
  const client = openReader(ensemble);
  loseQuorum(ensemble);
  ensemble.time.advance(2500);
  assert.is(client.raw.closed, null);
  ensemble.time.advance(1000);
  assert.is.not(client.raw.closed, null);
  assert.is(openReader(ensemble).response, null);
  restoreQuorum(ensemble);
  loseQuorum(ensemble);
  assert.is(openReader(ensemble).response?.readOnly, true, 'the next outage counts anew');
});

test('observer.readOnly.maxStaleMs: when the observer notices the loss later than that, it closes its readers at once', () => {
  const ensemble = readOnlyEnsemble({ 'observer.readOnly.maxStaleMs': 500 });
  const client = openReader(ensemble);
  client.create('/a', 'x');
  for (const sid of VOTERS)
    for (const [from, to] of [
      [nameOf(sid), nameOf(OBSERVER)],
      [nameOf(OBSERVER), nameOf(sid)],
    ] as const)
      ensemble.network.cut(from, to, 'blackhole');
  ensemble.wait(() => modeOf(ensemble) !== 'observer', 'the observer to notice');
  assert.is(modeOf(ensemble), undefined);
  client.send(OpCode.getData, body.read('/a'));
  client.raw.untilClosed();
  assert.equal(client.replies.slice(1), []);
  const told = ensemble.events.get(OBSERVER)!.filter(({ kind }) => kind.startsWith('readOnly'));
  assert.equal(told, []);
});

test('observer.readOnly.maxStaleMs: when it is over before another master is found, nobody is told of a read-only phase', () => {
  const ensemble = readOnlyEnsemble({
    'observer.readOnly.maxStaleMs': 3000,
    'observer.election.DelayMs': 10_000,
    observerMasterPort: OBSERVER_MASTER_PORT,
  });
  const client = openReader(ensemble);
  client.create('/a', 'x');
  for (const sid of VOTERS) ensemble.kill(sid);
  ensemble.time.advance(2000);
  assert.is(client.get('/a'), 'x', 'it is still served');
  ensemble.time.advance(2000);
  assert.is(modeOf(ensemble), undefined);
  assert.is.not(client.raw.closed, null);
  const told = ensemble.events.get(OBSERVER)!.filter(({ kind }) => kind.startsWith('readOnly'));
  assert.equal(told, []);
});

test('003-13: what a failed sync left in the log is applied by the next one, also if maxStaleMs is over in between', () => {
  const ensemble = readOnlyEnsemble({ 'observer.readOnly.maxStaleMs': 20_000 });
  const { leader, followers, observer } = untilSyncIsHeldBack(ensemble, 'logged');
  for (const sid of VOTERS) ensemble.kill(sid);
  assert.is(modeOf(ensemble), 'read-only');
  ensemble.time.advance(20_000);
  assert.is(modeOf(ensemble), undefined, 'maxStaleMs is over');
  isolate(ensemble, true);
  for (const sid of followers) ensemble.machine(sid).disk.syncDelayMs = 0;
  ensemble.boot(leader, followers[0]!);
  ensemble.wait(() => ensemble.leader > 0, 'a leader');
  assert.is(MemoryClient.open(ensemble, ensemble.leader).create('/b', 'new').err, OK);
  isolate(ensemble, false);
  untilObserves(ensemble);
  const reader = openReader(ensemble);
  assert.is(reader.get('/b'), 'new');
  assert.is(reader.get('/a'), 'logged');
  assert.is(
    observer.tree.digest.toBigInt(),
    ensemble.server(ensemble.leader).database.tree.digest.toBigInt(),
  );
});

test('without observer.readOnly.enabled an observer closes its clients when it loses its master, as upstream', () => {
  const ensemble = readOnlyEnsemble({ 'observer.readOnly.enabled': 'false' });
  const client = openReader(ensemble);
  for (const sid of VOTERS) ensemble.kill(sid);
  client.raw.untilClosed();
  assert.is(openReader(ensemble).response, null);
});

test('observer.readOnly.enabled is refused on an observer that keeps no local sessions, or no log', () => {
  const config = (settings: string, role = 'observer') =>
    parseConfig({
      path: 'zoo.cfg',
      text:
        'dataDir=/d\ntickTime=200\ninitLimit=10\nsyncLimit=5\nclientPort=2181\nobserver.readOnly.enabled=true\n' +
        `server.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888:${role}\n${settings}`,
      myid: '3',
    });
  const locals = 'localSessionsEnabled=true\n';
  assert.is(config(locals).observerReadOnlyEnabled, true);
  assert.throws(() => config(''), /observer\.readOnly\.enabled.*localSessionsEnabled=true/);
  assert.throws(
    () => config(`${locals}syncEnabled=false\n`),
    /observer\.readOnly\.enabled.*observer\.syncEnabled/,
  );
  assert.is(config('', 'participant').observerReadOnlyEnabled, true, 'a voter takes no notice of it');
});
