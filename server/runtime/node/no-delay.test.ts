import { once } from 'node:events';
import * as net from 'node:net';
import { assert, suite, until } from '#test';
import type { Connection, PortSecurity, SecurityContext } from '../runtime.ts';
import { TestAuthority } from '../tls/certificates.test-kit.ts';
import { ignore, LOOPBACK, network, SOON } from './node-peer.test-kit.ts';

/**
 * Members, elections, observers and clients all get their sockets from this network. Node.js does not tell
 * whether a socket has TCP_NODELAY, so the test sees the calls that set it.
 */
const test = suite('runtime: TCP_NODELAY');

interface TcpHandle {
  setNoDelay(on: boolean): number;
}

/** The prototype of the handles of all sockets of Node.js. */
async function tcpPrototype(): Promise<TcpHandle> {
  const server = net.createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const { _handle } = server as unknown as { _handle: TcpHandle };
  const prototype = Object.getPrototypeOf(_handle) as TcpHandle;
  await new Promise(done => server.close(done));
  return prototype;
}

/** The sockets for which Nagle's algorithm was switched off while `body` ran. */
async function withoutDelay(body: () => Promise<void>): Promise<number> {
  const prototype = await tcpPrototype();
  const { setNoDelay } = prototype;
  const handles = new Set<TcpHandle>();
  prototype.setNoDelay = function (this: TcpHandle, on: boolean): number {
    if (on) handles.add(this);
    else handles.delete(this);
    return setNoDelay.call(this, on);
  };
  try {
    await body();
  } finally {
    prototype.setNoDelay = setNoDelay;
  }
  return handles.size;
}

/** Dials a port of this network, and waits until both ends have their connection. */
async function meet(dialler?: SecurityContext, security?: PortSecurity): Promise<void> {
  const ends: Connection[] = [];
  const take = (connection: Connection) => {
    connection.start(ignore);
    ends.push(connection);
  };
  let port = 0;
  const onError = (error: Error) => assert.unreachable(error.message);
  const listener = network.listen(
    { host: LOOPBACK, port: 0 },
    { onListening: at => (port = at), onConnection: take, onError },
    security === undefined ? {} : { security },
  );
  await until(() => port > 0, { ...SOON, what: 'the port' });
  const events = { onConnected: take, onError };
  network.connect({ host: LOOPBACK, port }, SOON.deadlineMs, events, dialler);
  await until(() => ends.length === 2, { ...SOON, what: 'both ends' });
  for (const end of ends) end.destroy();
  listener.close();
}

test('small packets leave at once: a socket that was accepted, as an observer master accepts them, and one that was dialed', async () => {
  assert.is(await withoutDelay(() => meet()), 2);
});

test('small packets leave at once between members that use TLS, too', async () => {
  const authority = new TestAuthority('ours');
  const identity = authority.issue('member', LOOPBACK);
  const authorities = [authority.certificate];
  const context: SecurityContext = { identity, authorities, peer: 'need', verifiesHost: false };
  const security = { context: () => context, acceptsPlain: false, detectionMs: SOON.deadlineMs };
  assert.is(await withoutDelay(() => meet(context, security)), 2);
});
