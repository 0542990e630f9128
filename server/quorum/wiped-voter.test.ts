import { assert, suite } from '#test';
import { Follower } from '../learner/follower.ts';
import { MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { Stage } from '../zab/peer.test-kit.ts';

const test = suite('quorum: a voter without its data');

const SETTINGS = { 'db.autocreate': 'false' };

function touch(ensemble: MemoryEnsemble, sid: number, path: string): void {
  const { disk } = ensemble.machine(sid);
  disk.makeDirectory('/data');
  disk.open(path, 'w').close();
}

/** Three voters, of which `behind` missed a write. All are down. */
function missedWrite(): { ensemble: MemoryEnsemble; behind: number; ahead: number[] } {
  const ensemble = new MemoryEnsemble({ voters: 3, settings: SETTINGS });
  for (const sid of ensemble.sids) touch(ensemble, sid, '/data/initialize');
  ensemble.start();
  MemoryClient.open(ensemble, ensemble.leader).create('/everywhere');
  const behind = ensemble.sids.find(sid => sid !== ensemble.leader)!;
  ensemble.kill(behind);
  MemoryClient.open(ensemble, ensemble.leader).create('/missed');
  const ahead = ensemble.sids.filter(sid => sid !== behind);
  for (const sid of ahead) ensemble.kill(sid);
  return { ensemble, behind, ahead };
}

test('field report C4, ZOOKEEPER-261, db.autocreate=false: a wiped voter does not help elect a server that lacks a write it had acknowledged', () => {
  const { ensemble, behind, ahead } = missedWrite();
  const [wiped, other] = ahead as [number, number];
  ensemble.machine(wiped).disk.wipe();
  const elected = () => ensemble.events.get(behind)!.filter(({ kind }) => kind === 'elected').length;
  const before = elected();
  ensemble.boot(wiped, behind);
  ensemble.time.advance(60_000);
  assert.is(elected(), before, 'its vote is not counted');
  assert.is(ensemble.leader, -1, 'nobody leads');
  assert.ok(
    ensemble.messages(wiped, 'warn').some(line => /does not vote until a leader has sent/.test(line)),
  );
  ensemble.boot(other);
  // By now the voter asks only every 60 s who leads (fastleader.maxNotificationInterval).
  ensemble.wait(
    () => ensemble.sids.every(sid => ensemble.server(sid).view.serving !== null),
    'all three',
    90_000,
  );
  assert.is(ensemble.leader, other);
  assert.is(MemoryClient.open(ensemble, wiped).get('/missed'), '');
  assert.is(MemoryClient.open(ensemble, behind).get('/missed'), '');
  // The data that the leader sent is now its own, so it votes again.
  ensemble.kill(other);
  ensemble.wait(() => ensemble.leader > 0, 'the two others to elect one of them');
  assert.is(MemoryClient.open(ensemble, wiped).get('/missed'), '');
});

test('db.autocreate=false: a new ensemble starts when a quorum of its members is told that the ensemble is new', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, settings: SETTINGS }).boot();
  ensemble.time.advance(20_000);
  assert.is(ensemble.leader, -1);
  for (const sid of [1, 2]) {
    ensemble.kill(sid);
    touch(ensemble, sid, '/data/initialize');
    ensemble.boot(sid);
  }
  ensemble.wait(() => ensemble.sids.every(sid => ensemble.server(sid).view.serving !== null), 'all three');
  MemoryClient.open(ensemble, 3).create('/a');
});

test('db.autocreate=false: a standalone server starts empty, as with upstream', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, settings: SETTINGS }).start();
  MemoryClient.open(ensemble).create('/a');
});

test('ZOOKEEPER-261: a wiped voter asks for a snapshot, and its ACKEPOCH is not counted', () => {
  const stage = new Stage({ sid: 2 });
  stage.database.tree.lastProcessedZxid = -1;
  const accept = stage.playMember(1, 2888);
  const learner = new Follower(
    stage.context,
    [[{ sid: 1, addresses: [{ host: 'zk1', port: 2888 }] }]],
    () => {},
  );
  learner.start(() => {});
  const master = accept();
  assert.equal(master.told(), ['FOLLOWERINFO 0x0']);
  master.send(PacketType.LEADERINFO, makeZxid(2, 0), Buffer.from([0, 1, 0, 0]));
  assert.equal(master.told(), ['ACKEPOCH 0x-1']);
  assert.is(master.data.get('ACKEPOCH 0x-1')!.readInt32BE(0), -1);
});

test('an ensemble that was never written to starts again', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  for (let round = 0; round < 2; round++) {
    for (const sid of ensemble.sids) ensemble.kill(sid, 'power');
    ensemble.start();
  }
});

test('field report A4: three voters that do not find their logs do not serve an empty tree', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  MemoryClient.open(ensemble, ensemble.leader).create('/a');
  for (const sid of ensemble.sids) {
    ensemble.kill(sid, 'power');
    const { disk } = ensemble.machine(sid);
    for (const name of disk.list('/data/version-2'))
      if (name.startsWith('log.')) disk.remove(`/data/version-2/${name}`);
    assert.throws(
      () => ensemble.boot(sid),
      (error: Error & { code?: string }) => error.code === 'ZK_DATA_MISMATCH',
    );
    // Data as Apache leaves it, without this server's record of it.
    ensemble.machine(sid).crash('kill');
    disk.remove('/data/version-2/logDirectory');
    assert.throws(
      () => ensemble.boot(sid),
      (error: Error & { code?: string }) => error.code === 'ZK_DATA_MISMATCH',
    );
  }
});
