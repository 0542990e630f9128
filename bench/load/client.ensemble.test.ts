/** The convenience client against Apache ZooKeeper itself: what it says here, our own server must say too. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, suite } from '#test';
import { EventType } from '../../server/wire/watch-event.ts';
import { fourLetterWord, mntr, parseSrvr } from '../measure/four-letter.ts';
import { CreateMode, ZkClient } from './client.ts';
import type { ZkClientError } from './client-error.ts';

const test = suite('load: client against Apache ZooKeeper');

const JARS = ['zookeeper', 'netty-codec', 'netty-resolver', 'servlet-api', 'slf4j-simple'];
const CLASS_PATH = JARS.map(jar => `/usr/share/java/${jar}.jar`).join(':');
const peerIsHere = existsSync('/usr/share/java/zookeeper.jar') && existsSync('/usr/bin/java');

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

async function withApache(body: (port: number) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'zklab-client-'));
  const port = await freePort();
  const lines = [`dataDir=${directory}`, `clientPort=${port}`, 'clientPortAddress=127.0.0.1', 'tickTime=500'];
  lines.push('admin.enableServer=false', '4lw.commands.whitelist=*', 'extendedTypesEnabled=true');
  writeFileSync(join(directory, 'zoo.cfg'), `${lines.join('\n')}\n`);
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  const args = ['-Xmx256m', '-Dzookeeper.extendedTypesEnabled=true', '-cp', CLASS_PATH, main];
  const server = spawn('java', [...args, join(directory, 'zoo.cfg')], { stdio: 'ignore' });
  try {
    await body(port);
  } finally {
    server.kill('SIGKILL');
    await new Promise(resolve => server.once('close', resolve));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'OK',
    (error: ZkClientError) => error.codeName,
  );
}

async function allOperations(port: number): Promise<void> {
  const client = await ZkClient.connect(`127.0.0.1:${port}`, { connectTimeoutMs: 20_000, timeoutMs: 4_000 });
  const other = await ZkClient.connect(`127.0.0.1:${port}`);
  try {
    await nodes(client);
    await watches(client, other);
    await multis(client);
    await renewal(client);
  } finally {
    await other.close();
    await client.close();
  }
}

async function nodes(client: ZkClient): Promise<void> {
  assert.is(await client.create('/a', 'one'), '/a');
  assert.is(await codeOf(client.create('/a')), 'NODEEXISTS');
  const made = await client.create2('/a/s-', null, { mode: CreateMode.PERSISTENT_SEQUENTIAL });
  assert.is(made.path, '/a/s-0000000000');
  assert.is((await client.getData(made.path)).data, null);
  const { data, stat } = await client.getData('/a');
  assert.is(data?.toString(), 'one');
  assert.is(stat.numChildren, 1);
  assert.is((await client.setData('/a', 'two', stat.version)).version, 1);
  assert.is(await codeOf(client.setData('/a', 'x', 0)), 'BADVERSION');
  assert.is((await client.exists('/none')) === null, true);
  assert.equal(await client.getChildren('/a'), ['s-0000000000']);
  assert.is((await client.getChildren2('/a')).stat.pzxid, made.stat.czxid);
  assert.is(await codeOf(client.delete('/a')), 'NOTEMPTY');
  assert.is(await client.sync('/a'), '/a');
  await client.create('/e', null, { mode: CreateMode.EPHEMERAL });
  assert.equal(await client.getEphemerals('/'), ['/e']);
  assert.is((await client.exists('/e'))?.ephemeralOwner, client.sessionId);
  await client.create('/t', null, { mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 60_000 });
  await client.create('/c', null, { mode: CreateMode.CONTAINER });
  assert.is(await client.getAllChildrenNumber('/a'), 1);
  await client.auth('digest', 'user:pass');
  const acl = [{ perms: 31, id: { scheme: 'digest', id: 'user:smGaoVKd/cQkjm7b88GyorAUz20=' } }];
  assert.is((await client.setACL('/a', acl)).aversion, 1);
  assert.equal((await client.getACL('/a')).acl, acl);
  assert.ok((await client.whoAmI()).some(({ scheme, user }) => scheme === 'digest' && user === 'user'));
}

async function watches(client: ZkClient, other: ZkClient): Promise<void> {
  assert.is(await other.exists('/w', true), null);
  await client.create('/w');
  assert.is((await other.nextWatch({ path: '/w' })).type, EventType.created);
  await other.addWatch('/w', 1);
  await client.create('/w/x');
  assert.is((await other.nextWatch({ path: '/w/x' })).type, EventType.created);
  await other.removeWatches('/w', 3);
  await client.setData('/w', '1');
  await other.setWatches({ dataWatches: ['/w'], relativeZxid: 0 });
  assert.is((await other.nextWatch({ path: '/w' })).type, EventType.dataChanged);
  await rejectsWith(other.nextWatch({ path: '/never' }, 20), /no watch event/);
}

async function multis(client: ZkClient): Promise<void> {
  const made = await client.multi([
    { op: 'create', path: '/m', data: Buffer.from('0') },
    { op: 'setData', path: '/m', data: Buffer.from('1'), version: 0 },
    { op: 'check', path: '/m', version: 1 },
  ]);
  assert.equal(
    made.map(({ err }) => err),
    [0, 0, 0],
  );
  const failed = client.multi([
    { op: 'create2', path: '/m2' },
    { op: 'delete', path: '/m', version: 9 },
    { op: 'delete', path: '/m' },
  ]);
  const error = await failed.then(
    () => assert.unreachable() as never,
    (caught: ZkClientError) => caught,
  );
  assert.is(error.codeName, 'BADVERSION');
  assert.equal(
    error.results?.map(({ err }) => err),
    [0, -103, -2],
  );
  assert.is(await client.exists('/m2'), null);
  const read = await client.multiRead([
    { op: 'getData', path: '/m' },
    { op: 'getChildren', path: '/none' },
  ]);
  assert.is(read[0]?.data?.toString(), '1');
  assert.is(read[1]?.err, -101);
  await client.check('/m', 1);
  assert.is(await codeOf(client.check('/m', 5)), 'BADVERSION');
}

async function renewal(client: ZkClient): Promise<void> {
  const id = client.sessionId;
  const hanging = client.getData('/m');
  client.dropConnection();
  assert.is(await codeOf(hanging), 'CONNECTIONLOSS');
  assert.is((await client.getData('/m')).data?.toString(), '1');
  assert.is(client.sessionId, id);
  assert.ok(await client.exists('/e'), 'the ephemeral node lives as long as its session');
}

async function rejectsWith(promise: Promise<unknown>, expected: RegExp): Promise<void> {
  const message = await promise.then(
    () => 'it succeeded',
    (error: Error) => error.message,
  );
  assert.match(message, expected);
}

if (peerIsHere) {
  test(
    'every operation, watches, multi and renewal',
    () =>
      withApache(async port => {
        await allOperations(port);
        const stolen = ZkClient.connect(`127.0.0.1:${port}`, { sessionId: 77n, password: Buffer.alloc(16) });
        assert.is(await codeOf(stolen), 'SESSIONEXPIRED');
        const srvr = parseSrvr(await fourLetterWord({ host: '127.0.0.1', port }, 'srvr'));
        assert.is(srvr?.mode, 'standalone');
        assert.ok((await mntr({ host: '127.0.0.1', port })).numbers.get('znode_count')! > 5);
      }),
    { deadlineMs: 40_000 },
  );
} else {
  test('skipped: Apache ZooKeeper is not installed', () => {
    assert.is(process.env.ZKLAB_REQUIRE_PEERS, undefined, 'apt install zookeeper default-jre-headless');
  });
}
