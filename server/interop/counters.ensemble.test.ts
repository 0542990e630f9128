/**
 * Compares counters with Apache's. The same clients do the same on a server of either implementation, and
 * then the counters that people alert on are equal. Counters that depend on time, on the machine, or on files
 * are left out.
 */
import { once } from 'node:events';
import * as net from 'node:net';
import { assert, suite, until } from '#test';
import { OpCode } from '../wire/opcodes.ts';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import { type Implementation, type Member, requireApache } from './member.test-kit.ts';
import { EPHEMERAL, type ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: counters');
const DEADLINE = { deadlineMs: 400_000 };
const SOON = { deadlineMs: 60_000 };

const GAUGES = [
  'packets_received',
  'packets_sent',
  'num_alive_connections',
  'outstanding_requests',
  'znode_count',
  'watch_count',
  'ephemerals_count',
  'approximate_data_size',
  'global_sessions',
  'local_sessions',
  'last_client_response_size',
  'min_client_response_size',
  'max_client_response_size',
  'connection_drop_probability',
];
const COUNTERS = [
  'auth_failed_count',
  'bytes_received_count',
  'commit_count',
  'connection_rejected',
  'connection_request_count',
  'connection_revalidate_count',
  'proposal_count',
  'response_bytes',
  'sessionless_connections_expired',
  'stale_sessions_expired',
  'unrecoverable_error_count',
  'watch_bytes',
  'cnt_readlatency',
  'cnt_updatelatency',
  ...['created', 'deleted', 'changed', 'children'].flatMap(event =>
    ['avg', 'min', 'max', 'cnt', 'sum'].map(of => `${of}_node_${event}_watch_count`),
  ),
];

/** Sends `bytes`, and closes the connection when the server has ended it, or at once. */
async function visit(member: Member, bytes: Buffer | string, waits: boolean): Promise<void> {
  const socket = net.connect({ host: member.host, port: 2181 });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.resume();
  socket.write(bytes);
  if (waits) await once(socket, 'close');
  socket.destroy();
}

/**
 * Ends the session, and waits until the server has closed the connection, because on Apache's server it is a
 * race who closes first.
 */
async function leave(client: ZkClient): Promise<void> {
  await client.exchange(OpCode.closeSession, () => {});
  await until(() => client.closed, { ...SOON, what: 'the server to close' });
}

async function told(client: ZkClient, events: number): Promise<void> {
  await until(() => client.events.length >= events, { ...SOON, what: `${events} events` });
}

/** Clients of the script that close their connections by themselves; those of words do not count. */
const WENT_AWAY = 3;

/**
 * Clients that do a little of everything. Two stay connected: the one that watches, and the one that came
 * back.
 */
async function script(ensemble: Ensemble, sid: number): Promise<void> {
  const member = ensemble.member(sid);
  const connect = (options = {}) => ensemble.client(sid, { ping: false, ...options });
  for (const word of ['srvr', 'ruok', 'isro', 'wchs', 'dirs', 'conf']) await member.word(word);
  await visit(member, 'ruok\r\n', true);

  const [writer, watcher] = [await connect(), await connect()];
  await writer.create('/a', 'some data');
  await writer.create('/a/b');
  await writer.create('/mine', '', EPHEMERAL);
  await watcher.get('/a', true);
  await watcher.children('/a', true);
  await watcher.exists('/later', true);
  await watcher.exists('/a/b', true);
  await watcher.exists('/stays', true);
  await writer.set('/a', 'x'.repeat(100));
  await writer.create('/a/c');
  await writer.create('/later');
  await writer.delete('/a/b');
  await told(watcher, 4);
  await writer.sync();
  await writer.authenticate('user:password');
  await writer.get('/none').catch(() => {});
  await writer.delete('/none').catch(() => {});

  const lost = await connect();
  lost.destroy();
  const back = await connect({ session: lost.session });
  await back.exists('/a');
  await visit(member, '', false);
  await visit(member, 'sr', false);
  await visit(member, Buffer.from('fffffff0', 'hex'), true);
  await leave(writer);
}

/**
 * Returns the counters once all clients that left are gone. AdminServer says so without being counted itself.
 */
async function countsOf(is: Implementation, members: number): Promise<Record<string, string | undefined>> {
  let counts: Record<string, string | undefined> = {};
  await withEnsemble(
    Array.from({ length: members }, () => ({ is, admin: true })),
    async ensemble => {
      await ensemble.start();
      const member = ensemble.member(1);
      await member.word('srst');
      await script(ensemble, 1);
      await until(async () => (await member.command('monitor')).num_alive_connections === 2, {
        ...SOON,
        what: 'two clients',
      });
      const lines = (await member.word('mntr')).trim().split('\n');
      const values = new Map(lines.map(line => line.split('\t') as [string, string]));
      counts = Object.fromEntries(
        [...GAUGES, ...COUNTERS, 'connection_drop_count'].map(name => [name, values.get(`zk_${name}`)]),
      );
    },
  );
  return counts;
}

for (const [where, members] of [
  ['a standalone server', 1],
  ['a follower', 2],
] as const) {
  test(
    `field report D6: after the same script ${where} has the same counters as Apache's`,
    async () => {
      requireApache();
      const apache = await countsOf('apache', members);
      const zklab = await countsOf('zklab', members);
      for (const [name, value] of Object.entries(apache)) assert.ok(value !== undefined, `Apache's ${name}`);
      const { connection_drop_count: drops, ...counted } = zklab;
      const { connection_drop_count: theirDrops, ...theirs } = apache;
      assert.equal(counted, theirs);
      // Whether the client or the server of a session that ends is seen to close first is a race on Apache's.
      assert.is(drops, String(WENT_AWAY));
      assert.ok(Math.abs(Number(theirDrops) - WENT_AWAY) <= 1, `${theirDrops} drops on Apache's`);
    },
    DEADLINE,
  );
}
