import * as net from 'node:net';
import { assert, suite, until } from '#test';
import type { Member } from '../../../bench/topology/member.ts';
import { whileWatching } from './serving-watch.ts';

const test = suite('chaos/experiments: watches of members that come back');

const SRVR = 'Zookeeper version: test\nZxid: 0x100000000\nMode: follower\nNode count: 5\n';

/** A member that serves all the time, so that a watch would go on to its end. */
async function serving(): Promise<{ member: Member; asked: () => number; close: () => void }> {
  let asked = 0;
  const server = net.createServer(socket => {
    asked++;
    socket.on('error', () => {}).resume();
    socket.end(SRVR);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const member = { plan: { ports: { client: { host: '127.0.0.1', port } } } } as Member;
  return { member, asked: () => asked, close: () => server.close() };
}

test('planted: members are asked no more once what is measured meanwhile throws', async () => {
  const { member, asked, close } = await serving();
  const { signal } = new AbortController();
  let ended = 0;
  const measured = whileWatching([member, member], { everyMs: 1, maxMs: 20_000, signal }, async watches => {
    for (const watch of watches) void watch.then(() => ended++);
    await until(() => asked() > 4, { deadlineMs: 10_000, what: 'questions of the watches' });
    throw new Error('not healed');
  });
  assert.is(await measured.catch((error: Error) => error.message), 'not healed');
  assert.is(ended, 2);
  close();
});
