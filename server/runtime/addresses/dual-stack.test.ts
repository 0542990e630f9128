/** Tests of names and addresses of both families, on the real network of this machine. */
import * as net from 'node:net';
import { assert, requirePeer, suite, until } from '#test';
import { NodeClock } from '../node/node-clock.ts';
import { httpHost } from '../node/node-http.ts';
import { NodeNetwork } from '../node/node-network.ts';
import type { Address, Connection } from '../runtime.ts';
import { HAS_IPV6, IPV4_LOOPBACK, IPV6_LOOPBACK, namesOf } from './dual-stack.test-kit.ts';
import { isUnresolved } from './host-address.ts';
import type { NameLookup } from './name-lookup.ts';

const test = suite('runtime: IPv6 and names of several addresses');

const SOON = { deadlineMs: 30_000 };
const clock = new NodeClock();
const BOTH = [IPV6_LOOPBACK, IPV4_LOOPBACK];

function needsIpv6(): void {
  requirePeer('IPv6', HAS_IPV6, 'both families are tried');
}

/** A listener, and the connections that it accepted. */
async function listening(names: NameLookup, address: Address) {
  const accepted: Connection[] = [];
  let outcome: 'open' | Error | undefined;
  const listener = new NodeNetwork(clock, names).listen(address, {
    onListening: () => {
      outcome = 'open';
    },
    onConnection: connection => {
      accepted.push(connection);
      connection.destroy();
    },
    onError: error => {
      outcome = error;
    },
  });
  await until(() => outcome, { ...SOON, what: 'the listener' });
  return { listener, accepted, outcome };
}

/** Whether somebody accepts a connection at exactly that address. */
async function answers(host: string, port: number): Promise<boolean> {
  const socket = net.connect({ host, port });
  const answered = await new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return answered;
}

for (const host of ['0.0.0.0', '::', '0:0:0:0:0:0:0:0']) {
  test(`field report C2: ${host} is every address, of both families`, async () => {
    needsIpv6();
    const { listener, accepted } = await listening(namesOf({}), { host, port: 0 });
    try {
      for (const address of BOTH) assert.is(await answers(address, listener.port), true, address);
      await until(() => accepted.length === 2, { ...SOON, what: 'both' });
      const remotes = accepted.map(({ remote }) => remote.host).sort();
      assert.equal(remotes, ['0:0:0:0:0:0:0:1', IPV4_LOOPBACK], 'IPv4 is IPv4, also on a socket of IPv6');
      assert.equal(accepted.map(({ local }) => local.host).sort(), remotes);
    } finally {
      listener.close();
    }
  });
}

test('field report C3: a listener for a name listens on all its addresses, at one port', async () => {
  needsIpv6();
  const { listener } = await listening(namesOf({ zk1: BOTH }), { host: 'zk1', port: 0 });
  for (const address of BOTH) assert.is(await answers(address, listener.port), true, address);
  listener.close();
  await until(async () => !(await answers(IPV6_LOOPBACK, listener.port)), {
    ...SOON,
    what: 'the end of both',
  });
});

test('field report C3: addresses of other machines are skipped; with none left it is an error', async () => {
  const elsewhere = ['203.0.113.7', '2001:db8::7'];
  const some = await listening(namesOf({ zk1: [...elsewhere, IPV4_LOOPBACK] }), { host: 'zk1', port: 0 });
  assert.is(some.outcome, 'open');
  assert.is(await answers(IPV4_LOOPBACK, some.listener.port), true);
  some.listener.close();
  const none = await listening(namesOf({ zk1: elsewhere }), { host: 'zk1', port: 0 });
  assert.match((none.outcome as Error).message, /EADDRNOTAVAIL.*203\.0\.113\.7/);
});

test('field report C3: a port taken at one of the addresses is an error, and nothing stays open', async () => {
  needsIpv6();
  const other = await listening(namesOf({}), { host: IPV6_LOOPBACK, port: 0 });
  const { port } = other.listener;
  const both = await listening(namesOf({ zk1: BOTH }), { host: 'zk1', port });
  assert.match((both.outcome as Error).message, /EADDRINUSE/);
  await until(async () => !(await answers(IPV4_LOOPBACK, port)), { ...SOON, what: 'the first to close' });
  other.listener.close();
});

test('a listener that is closed during the look-up of its name never opens', async () => {
  const events: string[] = [];
  const listener = new NodeNetwork(clock, namesOf({ zk1: [IPV4_LOOPBACK] })).listen(
    { host: 'zk1', port: 0 },
    {
      onListening: () => events.push('open'),
      onConnection() {},
      onError: error => events.push(error.message),
    },
  );
  listener.close();
  for (let turns = 0; turns < 20; turns++) await new Promise(resolve => setImmediate(resolve));
  assert.equal(events, []);
  assert.is(listener.port, 0);
});

/** The remote address of the connection, or the error. */
function connected(
  names: NameLookup,
  address: Address,
  timeoutMs = SOON.deadlineMs,
): Promise<string | Error> {
  return new Promise(resolve => {
    new NodeNetwork(clock, names).connect(address, timeoutMs, {
      onConnected: connection => {
        resolve(connection.remote.host);
        connection.destroy();
      },
      onError: resolve,
    });
  });
}

test('field report C3: a dial tries the addresses of a name one after the other, IPv4 first', async () => {
  needsIpv6();
  const names = namesOf({ zk1: BOTH });
  const everywhere = await listening(names, { host: 'zk1', port: 0 });
  assert.is(await connected(names, { host: 'zk1', port: everywhere.listener.port }), IPV4_LOOPBACK);
  everywhere.listener.close();
  const ipv6 = await listening(names, { host: IPV6_LOOPBACK, port: 0 });
  const { port } = ipv6.listener;
  assert.is(await connected(names, { host: 'zk1', port }), '0:0:0:0:0:0:0:1');
  assert.is(await connected(names, { host: '0:0:0:0:0:0:0:1', port }), '0:0:0:0:0:0:0:1');
  ipv6.listener.close();
  await until(async () => !(await answers(IPV6_LOOPBACK, port)), { ...SOON, what: 'the end' });
  assert.match(((await connected(names, { host: 'zk1', port })) as Error).message, /ECONNREFUSED/);
});

test('ZOOKEEPER-2184: an unknown name is a distinct error of the dial, and works once it is known', async () => {
  const hosts: Record<string, string[]> = {};
  const names = namesOf(hosts);
  const { listener } = await listening(namesOf({}), { host: IPV4_LOOPBACK, port: 0 });
  const address = { host: 'zk1', port: listener.port };
  const error = (await connected(names, address)) as Error;
  assert.is(isUnresolved(error), true, error.message);
  hosts.zk1 = [IPV4_LOOPBACK];
  assert.is(await connected(names, address), IPV4_LOOPBACK);
  listener.close();
});

test('a dial ends in time when the name never resolves, and a cancelled one makes no event', async () => {
  const never = namesOf({});
  never.find = () => ({ cancel() {} });
  const error = (await connected(never, { host: 'zk1', port: 1 }, 5)) as Error;
  assert.match(error.message, /no connection within 5 ms: zk1 is not resolved yet/);
  const events: unknown[] = [];
  const dial = new NodeNetwork(clock, namesOf({ zk1: [IPV4_LOOPBACK] })).connect(
    { host: 'zk1', port: 1 },
    5,
    {
      onConnected: () => events.push('connected'),
      onError: failed => events.push(failed),
    },
  );
  dial.cancel();
  for (let turns = 0; turns < 20; turns++) await new Promise(resolve => setImmediate(resolve));
  assert.equal(events, []);
});

test('field report C2: the AdminServer is on both families, at each address of a name', async () => {
  needsIpv6();
  for (const host of ['0.0.0.0', 'zk1']) {
    let server!: { close(): void };
    const port = await new Promise<number>((resolve, reject) => {
      const handler = () => ({ status: 200, contentType: 'text/plain', body: 'fine' });
      server = httpHost(namesOf({ zk1: BOTH })).listen({ host, port: 0 }, handler, (error, bound) =>
        error === undefined ? resolve(bound) : reject(error),
      );
    });
    for (const address of [IPV4_LOOPBACK, `[${IPV6_LOOPBACK}]`])
      assert.is(await (await fetch(`http://${address}:${port}/`)).text(), 'fine', `${host} ${address}`);
    server.close();
    await until(async () => !(await answers(IPV6_LOOPBACK, port)), { ...SOON, what: 'the end' });
  }
});
