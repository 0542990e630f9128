/** Tests of observer.syncEnabled=false: the observer keeps transactions in memory only. */
import { assert, suite } from '#test';
import { MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { databaseDefaults } from './database-config.ts';
import { createPacket, testRig } from './storage.test-kit.ts';
import { ZkDatabase } from './zk-database.ts';

const test = suite('storage: an observer without a log');

const OBSERVER = 4;
const VOTER = 1;

function logs(ensemble: MemoryEnsemble, sid: number): string[] {
  const { disk } = ensemble.machine(sid);
  return disk.list('/data/version-2').filter(name => name.startsWith('log.'));
}

function digests(ensemble: MemoryEnsemble): string[] {
  return ensemble.sids.map(sid => String(ensemble.server(sid).database.tree.digest.toBigInt()));
}

function agree(ensemble: MemoryEnsemble, path: string, value: string): void {
  ensemble.wait(() => ensemble.server(OBSERVER).view.serving !== null, 'the observer to serve');
  ensemble.wait(() => new Set(digests(ensemble)).size === 1, 'one state of all');
  assert.is(MemoryClient.open(ensemble, OBSERVER).get(path), value);
  assert.is(ensemble.server(OBSERVER).metrics.counter('digest_mismatches_count').value, 0);
}

test('observer.syncEnabled=false: no log and no fsync on observers; voters log as ever', () => {
  for (const key of ['observer.syncEnabled', 'syncEnabled']) {
    const ensemble = new MemoryEnsemble({ voters: 3, observers: 1, settings: { [key]: 'false' } }).start();
    MemoryClient.open(ensemble).create('/a', '1');
    agree(ensemble, '/a', '1');
    assert.equal(logs(ensemble, OBSERVER), []);
    assert.is(ensemble.server(OBSERVER).metrics.counter('fsync_count').value, 0);
    assert.is(logs(ensemble, VOTER).length, 1);
  }
});

test('an observer without a log resumes from memory when it reconnects, from its snapshot when it restarts', () => {
  const settings = { 'observer.syncEnabled': 'false', snapCount: 4 };
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1, settings }).start();
  const client = MemoryClient.open(ensemble);
  for (let n = 0; n < 20; n++) client.create(`/before${n}`);
  agree(ensemble, '/before19', '');
  const { learner } = ensemble.server(OBSERVER).view.peer!;
  learner!.end('test');
  client.create('/while', '2');
  agree(ensemble, '/while', '2');
  const again = ensemble.server(OBSERVER).view.peer!.learner!;
  assert.is.not(again, learner);
  assert.is(again.syncMode, 'DIFF');
  for (const how of ['kill', 'power'] as const) {
    ensemble.kill(OBSERVER, how);
    client.create(`/${how}`, how);
    ensemble.boot(OBSERVER);
    agree(ensemble, `/${how}`, how);
  }
  assert.equal(logs(ensemble, OBSERVER), []);
});

test('an observer without a log follows one leader after another', () => {
  const settings = { 'observer.syncEnabled': 'false' };
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1, settings }).start();
  MemoryClient.open(ensemble).create('/a', '1');
  for (let round = 0; round < 3; round++) {
    const { leader } = ensemble;
    ensemble.kill(leader);
    ensemble.wait(() => ensemble.leader > 0, 'another leader');
    ensemble.wait(() => ensemble.server(ensemble.leader).view.serving !== null, 'it to serve');
    MemoryClient.open(ensemble, ensemble.leader).create(`/round${round}`, 'x');
    ensemble.boot(leader);
    ensemble.wait(() => ensemble.sids.every(sid => ensemble.server(sid).view.serving !== null), 'all');
    agree(ensemble, `/round${round}`, 'x');
  }
});

test('without a log, unapplied transactions are requested again after a role ends', () => {
  const config = { ...databaseDefaults, dataDir: '/d', dataLogDir: '/d', logEnabled: false };
  const database = new ZkDatabase({ ...testRig(), logger: silentLogger }, config);
  database.load();
  const [applied, heard] = [createPacket(1), createPacket(2)];
  database.append(applied);
  database.applyPacket(applied);
  database.append(heard);
  assert.is(database.lastLoggedZxid, heard.zxid);
  assert.is(database.fastForward(), 0);
  assert.is(database.lastLoggedZxid, applied.zxid);
  database.append(heard);
  database.applyPacket(heard);
  assert.is(database.lastProcessedZxid, heard.zxid);
});
