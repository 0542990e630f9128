import * as net from 'node:net';
import * as tls from 'node:tls';
import { assert, suite, until } from '#test';
import { namesOf } from '../addresses/dual-stack.test-kit.ts';
import { NodeNetwork } from '../node/node-network.ts';
import { clock, LOOPBACK, SOON } from '../node/node-peer.test-kit.ts';
import type { Connection, PortSecurity, SecurityContext } from '../runtime.ts';
import { TestAuthority } from './certificates.test-kit.ts';
import { HANDSHAKE_MS_MAX, HANDSHAKES_MAX } from './tls-door.ts';

const test = suite('runtime: secured ports on Node.js');

const OURS = new TestAuthority('ours');
const OTHERS = new TestAuthority('others');
const network = new NodeNetwork(clock, namesOf({ here: [LOOPBACK], there: ['127.0.0.9'] }));

const LISTENER: SecurityContext = {
  identity: OURS.issue('server', LOOPBACK),
  authorities: [OURS.certificate],
  peer: 'need',
  verifiesHost: true,
};
const DIALLER: SecurityContext = { ...LISTENER, identity: OURS.issue('client', LOOPBACK) };
const LONG_MS = SOON.deadlineMs;
const SHORT_MS = 50;

/** A secured port, and what came to it. */
class Port {
  readonly accepted: Connection[] = [];
  readonly refused: string[] = [];
  readonly received: string[] = [];
  readonly sockets: net.Socket[] = [];
  port = 0;
  readonly #listener: { close(): void };

  constructor(security: Partial<PortSecurity> = {}, context: SecurityContext = LISTENER) {
    const whole = { context: () => context, acceptsPlain: false, detectionMs: LONG_MS, ...security };
    this.#listener = network.listen(
      { host: LOOPBACK, port: 0 },
      {
        onListening: port => {
          this.port = port;
        },
        onConnection: connection => {
          this.accepted.push(connection);
          connection.start({ onData: chunk => void this.received.push(`${chunk}`), onClose() {} });
        },
        onRefused: (_from, reason) => void this.refused.push(reason),
        onError: error => assert.unreachable(error.message),
      },
      { security: whole },
    );
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    await until(condition, { ...SOON, what: `${what}; refused: ${this.refused.join(', ')}` });
  }

  async open(): Promise<this> {
    await this.until(() => this.port > 0, 'the port');
    return this;
  }

  /** A peer that says these bytes without TLS. */
  plain(...chunks: readonly (string | Buffer)[]): net.Socket {
    const socket = net.connect({ host: LOOPBACK, port: this.port, noDelay: true });
    socket.on('error', () => {});
    for (const chunk of chunks) socket.write(chunk);
    this.sockets.push(socket);
    return socket;
  }

  dial(context: SecurityContext = DIALLER): Promise<string> {
    return new Promise(resolve => {
      const onConnected = (connection: Connection) => {
        this.accepted.push(connection);
        connection.start({ onData() {}, onClose: resolve });
        connection.write(Buffer.from('over TLS'));
      };
      const onError = (error: Error) => resolve(error.message);
      network.connect({ host: LOOPBACK, port: this.port }, LONG_MS, { onConnected, onError }, context);
    });
  }

  close(): void {
    this.#listener.close();
    for (const socket of this.sockets) socket.destroy();
    for (const connection of this.accepted) connection.destroy();
  }
}

test('a unified port takes peers with TLS and without, and loses none of their first bytes', async () => {
  const port = await new Port({ acceptsPlain: true }).open();
  const whole = () => port.received.join('');
  port.plain('in one piece');
  await port.until(() => whole() === 'in one piece', 'the bytes');
  void port.dial();
  await port.until(() => whole().endsWith('over TLS'), 'the bytes over TLS');
  const slow = port.plain();
  for (const byte of '\x16slow') {
    slow.write(byte);
    await new Promise(resolve => setImmediate(resolve));
  }
  await port.until(() => whole().endsWith('\x16slow'), 'the bytes that begin like TLS');
  assert.equal(port.refused, []);
  port.close();
});

test('a peer of a unified port that says nothing counts as plain after the time for it', async () => {
  const port = await new Port({ acceptsPlain: true, detectionMs: SHORT_MS }).open();
  const silent = port.plain();
  await port.until(() => port.accepted.length === 1, 'the connection');
  silent.write('late');
  await port.until(() => port.received.join('') === 'late', 'its bytes');
  port.close();
});

test('a peer of a TLS port that says nothing is refused after the time for it', async () => {
  const port = await new Port({ detectionMs: SHORT_MS }).open();
  const silent = port.plain();
  await port.until(() => port.refused.length === 1 && silent.destroyed, 'the refusal');
  assert.match(port.refused[0]!, /has not begun a handshake within 50 ms/);
  port.close();
});

/** What a peer of TLS says first. */
function clientHello(): Promise<Buffer> {
  return new Promise(resolve => {
    const server = net.createServer(socket => {
      socket.once('data', bytes => {
        resolve(bytes);
        socket.destroy();
        server.close();
      });
    });
    server.listen(0, LOOPBACK, () => {
      const { port } = server.address() as net.AddressInfo;
      tls.connect({ host: LOOPBACK, port }).on('error', () => {});
    });
  });
}

test('a peer that leaves by itself is not reported, and is forgotten at once', async () => {
  const port = await new Port().open();
  const hello = await clientHello();
  for (const said of [undefined, hello.subarray(0, 1), hello.subarray(0, 60), hello])
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const probe = port.plain(...(said === undefined ? [] : [said]));
      await port.until(() => probe.readyState === 'open', 'the connection of the probe');
      probe[leave]();
      // The listener closes its side too: nothing waits for the deadline of a handshake.
      await until(() => probe.resume().destroyed, {
        deadlineMs: HANDSHAKE_MS_MAX / 2,
        what: `the end: ${leave}`,
      });
    }
  void port.plain('no TLS');
  await port.until(() => port.refused.length > 0, 'the refusal of another');
  assert.equal(port.refused, ['it does not speak TLS']);
  port.close();
});

const refused: [name: string, dialler: SecurityContext, why: RegExp][] = [
  [
    'an expired certificate',
    { ...DIALLER, identity: OURS.issueExpired('old', LOOPBACK) },
    /its certificate CN=old is not accepted: it expired on Jan +1 00:00:00 2021 GMT/,
  ],
  [
    "another authority's certificate",
    { ...DIALLER, identity: OTHERS.issue('x', LOOPBACK) },
    /CN=x is not accepted: no accepted authority has issued it, but CN=others/,
  ],
  [
    'a certificate for another address',
    { ...DIALLER, identity: OURS.issue('x', '127.0.0.9') },
    /its certificate is for IP Address:127\.0\.0\.9, and not for 127\.0\.0\.1/,
  ],
  [
    'a certificate for a name of another host',
    { ...DIALLER, identity: OURS.issue('x', 'there') },
    /its certificate is for DNS:there, and not for 127\.0\.0\.1/,
  ],
];

for (const [name, dialler, why] of refused) {
  test(`a peer with ${name} is refused, and the reason says so`, async () => {
    const port = await new Port().open();
    await port.dial(dialler);
    await port.until(() => port.refused.length === 1, 'the refusal');
    assert.match(port.refused[0]!, why);
    assert.equal(port.received, []);
    port.close();
  });
}

test('a peer whose certificate has a name of its address is accepted', async () => {
  const port = await new Port().open();
  void port.dial({ ...DIALLER, identity: OURS.issue('x', 'here') });
  await port.until(() => port.received.join('') === 'over TLS', 'its bytes');
  port.close();
});

test('each side says so when no version or cipher suite is in common', async () => {
  const port = await new Port({}, { ...LISTENER, versions: { min: 'TLSv1.3', max: 'TLSv1.3' } }).open();
  const why = await port.dial({ ...DIALLER, versions: { min: 'TLSv1.2', max: 'TLSv1.2' } });
  assert.match(why, /no version of TLS is in common/);
  await port.until(() => port.refused.length === 1, 'the refusal');
  assert.match(port.refused[0]!, /no version of TLS is in common/);
  port.close();
});

test('a renewed certificate is shown to the next peer', async () => {
  let context = LISTENER;
  const port = await new Port({ context: () => context }).open();
  void port.dial();
  await port.until(() => port.accepted.length === 2, 'a connection');
  context = { ...LISTENER, identity: OURS.issue('renewed', LOOPBACK) };
  void port.dial();
  await port.until(() => port.accepted.length === 4, 'another connection');
  const seen = port.accepted.map(({ peerCertificate }) => peerCertificate?.subject);
  assert.is(seen.filter(subject => subject === 'CN=renewed').length, 1);
  assert.is(seen.filter(subject => subject === 'CN=server').length, 1);
  port.close();
});

test('the handshakes under way are limited: the host with most loses its oldest', async () => {
  const port = await new Port().open();
  const first = port.plain('\x16');
  await port.until(() => first.readyState === 'open', 'the first');
  for (let i = 0; i < HANDSHAKES_MAX; i++) port.plain('\x16');
  await port.until(() => port.refused.length === 1 && first.destroyed, 'the end of the first');
  assert.match(port.refused[0]!, /256 newer handshakes are under way/);
  void port.dial();
  await port.until(() => port.received.join('') === 'over TLS', 'a member among strangers');
  port.close();
});

test('a context that OpenSSL does not accept is reported before anybody connects', () => {
  const problemWith = (changed: Partial<SecurityContext>) => network.problemWith({ ...LISTENER, ...changed });
  assert.is(problemWith({}), null);
  const { certificate } = OURS.issue('one');
  const { privateKey } = OURS.issue('another');
  assert.match(problemWith({ identity: { certificate, privateKey } }) ?? '', /mismatch/);
  assert.match(problemWith({ ciphers: 'NONE-SUCH' }) ?? '', /no cipher/i);
});
