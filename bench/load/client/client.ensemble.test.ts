/** The client against Apache ZooKeeper and against our own server. The same statements must hold for both. */
import { assert, suite, until } from '#test';
import { EventType } from '../../../server/wire/watch-event.ts';
import { mntr } from '../../topology/four-letter.ts';
import { CreateMode, ZkClient } from './client.ts';
import { parseConnectString } from './client-connection.ts';
import type { ZkClientError } from './client-error.ts';
import { SERVERS, withStandalone } from './standalone.test-kit.ts';

const test = suite('load: client against real servers');

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'OK',
    (error: ZkClientError) => error.codeName,
  );
}

async function allOperations(connectString: string): Promise<void> {
  const client = await ZkClient.connect(connectString, { connectTimeoutMs: 60_000, timeoutMs: 30_000 });
  const other = await ZkClient.connect(connectString);
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

for (const implementation of SERVERS) {
  test(
    `${implementation}: every operation, watches, multi and renewal`,
    () =>
      withStandalone(implementation, async ({ address, connectString }) => {
        await allOperations(connectString);
        const stolen = ZkClient.connect(connectString, { sessionId: 77n, password: Buffer.alloc(16) });
        assert.is(await codeOf(stolen), 'SESSIONEXPIRED');
        assert.ok((await mntr(address)).numbers.get('znode_count')! > 5);
      }),
    { deadlineMs: 180_000 },
  );

  test(
    `${implementation}: kill -9 and restart, the session and its ephemeral come back`,
    () =>
      withStandalone(implementation, async server => {
        const client = await ZkClient.connect(server.connectString, { timeoutMs: 30_000 });
        const states: string[] = [];
        client.on('state', state => states.push(state));
        await client.create('/e', null, { mode: CreateMode.EPHEMERAL });
        const id = client.sessionId;
        await server.kill();
        await until(() => client.state === 'connecting', {
          deadlineMs: 60_000,
          what: 'the loss to be noticed',
        });
        const waiting = client.getData('/e');
        await server.start();
        assert.is((await waiting).stat.ephemeralOwner, id);
        assert.is(client.sessionId, id);
        assert.equal(states, ['connecting', 'connected']);
        await client.close();
      }),
    { deadlineMs: 240_000 },
  );
}

test(
  'apache: a node with a time to live',
  () =>
    withStandalone('apache', async ({ connectString }) => {
      const client = await ZkClient.connect(connectString);
      const made = await client.create2('/t', null, { mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 60_000 });
      assert.is(made.path, '/t');
      await client.close();
    }),
  { deadlineMs: 180_000 },
);

test('a client that gets no answer gives up with an error code, and leaves nothing open', async () => {
  const started = ZkClient.connect('127.0.0.1:1,127.0.0.1:2', { connectTimeoutMs: 100 });
  assert.is(await codeOf(started), 'CONNECTIONLOSS');
});

test('connect strings', () => {
  assert.equal(parseConnectString('a:1, b ,[::1]:3'), [
    { host: 'a', port: 1 },
    { host: 'b', port: 2181 },
    { host: '::1', port: 3 },
  ]);
  for (const bad of ['', 'a:0', 'a:99999', 'a:b', 'a,,b'])
    assert.throws(() => parseConnectString(bad), /not host:port/);
});
