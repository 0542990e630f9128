import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, findApacheZooKeeper, quickJava, suite, temporaryFolder, until } from '#test';
import { apache, CLASS_PATH, RELEASES, requireApache } from '../interop/member.test-kit.ts';
import { Metrics } from '../metrics/metrics.ts';
import { ServerEvents } from '../metrics/server-events.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { NodeClock } from '../runtime/node/node-clock.ts';
import { nodeDisk } from '../runtime/node/node-disk.ts';
import { Perms } from '../wire/acl.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { databaseDefaults } from './database-config.ts';
import { createPacket, packetOf, seededRandom } from './storage.test-kit.ts';
import { LogFileReader } from './txn-log/log-file-reader.ts';
import { listLogFiles } from './txn-log/log-format.ts';
import { ZkDatabase } from './zk-database.ts';

/**
 * Tests that Apache ZooKeeper reads our files and continues from them, and that we continue from its files.
 * They cover its formats in both directions, digests included, and its compressed snapshots.
 */
const test = suite('storage: files shared with Apache ZooKeeper');

const E1 = makeZxid(1, 0);
const SESSION = 5n;
/** An address that only this process uses, so that the usual port is free on it. */
const HOST = `127.${224 + ((process.pid >> 8) % 16)}.${process.pid % 256}.1`;
const JVM_DEADLINE_MS = 240_000;

/** The JVM of a release, up to the main class. */
function jvm(release: string | undefined): [java: string, ...flags: string[]] {
  const { java = 'java', classPath = CLASS_PATH } =
    (release !== undefined && findApacheZooKeeper(release)) || {};
  const flags = [...quickJava(128, release), '-Dzookeeper.admin.enableServer=false'];
  return [java, ...flags, '-cp', classPath];
}

function tool(release: string | undefined, mainClass: string, ...args: string[]): string {
  const [java, ...flags] = jvm(release);
  return execFileSync(java, [...flags, mainClass, ...args], { encoding: 'utf8', stdio: 'pipe' });
}

function open(folder: string, metrics = new Metrics()): ZkDatabase {
  const parts = {
    disk: nodeDisk,
    clock: new NodeClock(),
    random: seededRandom(1),
    metrics,
    events: new ServerEvents(),
    logger: silentLogger,
  };
  const db = new ZkDatabase(parts, { ...databaseDefaults, dataDir: folder, dataLogDir: folder });
  db.load();
  return db;
}

async function commit(db: ZkDatabase, packets: TxnPacket[]): Promise<void> {
  for (const packet of packets) {
    db.append(packet);
    db.applyPacket(packet);
  }
  const error = await new Promise(done => db.flush(done));
  assert.is(error, undefined);
}

/** ACL of the last node that `fill` creates. */
const ACL = [{ perms: Perms.ALL, id: { scheme: 'digest', id: 'user:smGaoVKd/cQkjm7b88GyorAUz20=' } }];

/**
 * Writes a session with an ephemeral, plain nodes, a snapshot of these, and two transactions while that is
 * being written. The last one brings the first list of its kind.
 */
async function fill(folder: string): Promise<void> {
  const db = open(folder);
  const session = packetOf(E1 + 1, { type: OpCode.createSession, timeoutMs: 2000 }, SESSION);
  const plain = Array.from({ length: 8 }, (_, i) => createPacket(E1 + 3 + i, 'hello'));
  await commit(db, [session, createPacket(E1 + 2, 'mine', SESSION), ...plain]);
  const written = new Promise(done => db.takeSnapshot(done));
  const last = { type: OpCode.create, path: '/last', data: null, acl: ACL, ephemeral: false } as const;
  await commit(db, [createPacket(E1 + 11), packetOf(E1 + 12, { ...last, parentCVersion: 12 })]);
  assert.is(await written, undefined);
  db.close();
}

function startJavaServer(folder: string, release: string | undefined, ...settings: string[]): ChildProcess {
  const config = [
    `dataDir=${folder}`,
    'tickTime=500',
    'clientPort=2181',
    `clientPortAddress=${HOST}`,
    ...settings,
  ];
  const path = join(folder, 'zoo.cfg');
  writeFileSync(path, config.join('\n'));
  const mainClass = 'org.apache.zookeeper.server.ZooKeeperServerMain';
  const [java, ...flags] = jvm(release);
  return spawn(java, [...flags, mainClass, path], { stdio: 'ignore' });
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = new Promise(done => child.once('exit', done));
  child.kill('SIGKILL');
  await gone;
}

for (const release of RELEASES) {
  test(
    `the tools of ${apache(release)} print our log and our snapshot`,
    async () => {
      requireApache(release);
      const folder = temporaryFolder();
      await fill(folder);
      const log = tool(
        release,
        'org.apache.zookeeper.server.persistence.TxnLogToolkit',
        '-d',
        `${folder}/version-2/log.100000001`,
      );
      assert.match(log, /session 0x5 cxid 0x1 zxid 0x100000002 create \/n100000002,mine/);
      assert.match(log, /EOF reached after 10 txns/);
      const text = tool(
        release,
        'org.apache.zookeeper.server.SnapshotFormatter',
        `${folder}/version-2/snapshot.10000000a`,
      );
      assert.match(text, /\/n10000000a\n {2}cZxid = 0x0000010000000a/);
      assert.match(text, /0x00000000000005, 2000, 1/);
      // The zxid at which writing the snapshot ended, according to its digest.
      assert.match(text, /Last zxid: 0x10000000c/);
    },
    { deadlineMs: JVM_DEADLINE_MS },
  );

  test(
    `${apache(release)} server goes on from our files, and we from its own, digests agreeing`,
    async () => {
      requireApache(release);
      const folder = temporaryFolder();
      await fill(folder);
      const server = startJavaServer(folder, release);
      try {
        // Nobody renews the session, so that server closes it, as its first transaction.
        await until(() => logHolds(folder, E1 + 13), {
          deadlineMs: 120_000,
          what: 'the closeSession of 0x5',
          intervalMs: 100,
        });
      } finally {
        await stop(server);
      }
      const metrics = new Metrics();
      const db = open(folder, metrics);
      assert.is(db.lastProcessedZxid, E1 + 13);
      assert.is(db.tree.ephemeralsOf(SESSION), undefined);
      assert.is(db.tree.getNode('/n100000002'), undefined);
      assert.is(db.sessionTimeouts.size, 0);
      assert.ok(db.tree.getNode('/n10000000b') !== undefined);
      // This is from the snapshot that it took at its start.
      assert.equal(db.tree.getNode('/last')?.acl, ACL);
      assert.is(metrics.counter('digest_mismatches_count').value, 0);
      const last = db.committedLog.at(db.committedLog.size - 1).bytes;
      assert.is(last.readBigUInt64BE(last.length - 12), db.tree.digest.toBigInt());
      await commit(db, [createPacket(E1 + 14)]);
      db.close();
    },
    { deadlineMs: JVM_DEADLINE_MS },
  );
}

for (const method of ['gz', 'snappy']) {
  test(
    `a snapshot that its server compressed with ${method} is all that we need`,
    async () => {
      requireApache();
      const folder = temporaryFolder();
      await fill(folder);
      const suffix = `.${method}`;
      const compressed = () => snapshots(folder).filter(name => name.endsWith(suffix));
      // The server takes a snapshot when it starts.
      const server = startJavaServer(folder, undefined, `snapshot.compression.method=${method}`);
      try {
        await until(() => compressed().length > 0 && logHolds(folder, E1 + 13), {
          deadlineMs: 120_000,
          what: `a snapshot in ${method}, and a transaction behind it`,
          intervalMs: 100,
        });
      } finally {
        await stop(server);
      }
      for (const name of snapshots(folder)) {
        if (!name.endsWith(suffix)) rmSync(join(folder, 'version-2', name));
      }
      const metrics = new Metrics();
      const db = open(folder, metrics);
      assert.is(db.lastProcessedZxid, E1 + 13);
      assert.ok(db.tree.getNode('/n10000000b') !== undefined);
      assert.is(db.tree.getNode('/n100000002'), undefined);
      assert.is(metrics.counter('digest_mismatches_count').value, 0);
      db.close();
    },
    { deadlineMs: JVM_DEADLINE_MS },
  );
}

function snapshots(folder: string): string[] {
  return readdirSync(join(folder, 'version-2')).filter(name => name.startsWith('snapshot.'));
}

function logHolds(folder: string, zxid: number): boolean {
  return listLogFiles(nodeDisk, `${folder}/version-2`).some(file => {
    const reader = new LogFileReader(nodeDisk, file.path);
    try {
      return reader.next()?.zxid === zxid;
    } finally {
      reader.close();
    }
  });
}
