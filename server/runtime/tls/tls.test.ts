import { once } from 'node:events';
import * as net from 'node:net';
import { assert, suite, until } from '#test';
import { type World, worlds } from '../both-networks.test-kit.ts';
import { LOOPBACK, network as nodeNetwork, SOON } from '../node/node-peer.test-kit.ts';
import type { Connection, PortSecurity, SecurityContext } from '../runtime.ts';
import { TestAuthority } from './certificates.test-kit.ts';
import { HANDSHAKE_MS_MAX } from './tls-door.ts';

const test = suite('runtime: TLS, on Node.js and simulated');

const OURS = new TestAuthority('ours');
const OTHERS = new TestAuthority('others');
const SERVER = OURS.issue('server', LOOPBACK);
const CLIENT = OURS.issue('client');

const LISTENER: SecurityContext = {
  identity: SERVER,
  authorities: [OURS.certificate],
  peer: 'need',
  verifiesHost: false,
};
const DIALLER: SecurityContext = { ...LISTENER, identity: CLIENT, verifiesHost: true };

function portOf(context: SecurityContext): PortSecurity {
  return { context: () => context, acceptsPlain: false, detectionMs: SOON.deadlineMs };
}

/** The outcome of a dial, seen from both sides. */
interface Meeting {
  near: Connection | null;
  far: Connection | null;
  /** Why there is no near end, or no longer. */
  failed: string | null;
  /** The reason that the listener got for a refused peer. */
  refused: string | null;
  farClosed: string | null;
  /** Bytes that the near end received. */
  received: number;
  leave(): void;
}

async function meet(
  { network, wait }: World,
  dialler: SecurityContext | undefined,
  listener: SecurityContext | undefined,
  security: Partial<PortSecurity> = {},
): Promise<Meeting> {
  let port = 0;
  const meeting: Meeting = {
    near: null,
    far: null,
    failed: null,
    refused: null,
    farClosed: null,
    received: 0,
    leave() {
      bound.close();
      meeting.near?.destroy();
      meeting.far?.destroy();
    },
  };
  const bound = network.listen(
    { host: LOOPBACK, port: 0 },
    {
      onListening: at => {
        port = at;
      },
      onConnection: connection => {
        meeting.far = connection;
        const onClose = (reason: string) => {
          meeting.farClosed = reason;
        };
        connection.start({ onData() {}, onClose });
      },
      onRefused: (_from, reason) => {
        meeting.refused = reason;
      },
      onError: error => assert.unreachable(error.message),
    },
    { security: listener === undefined ? undefined : { ...portOf(listener), ...security } },
  );
  await wait(() => port > 0, 'the port');
  const onError = (error: Error): void => {
    meeting.failed = error.message;
  };
  const onConnected = (connection: Connection): void => {
    meeting.near = connection;
    const onData = (chunk: Buffer) => {
      meeting.received += chunk.length;
    };
    const onClose = (reason: string) => {
      meeting.failed = reason;
    };
    connection.start({ onData, onClose });
    connection.write(Buffer.from('hello'));
  };
  network.connect({ host: LOOPBACK, port }, SOON.deadlineMs, { onConnected, onError }, dialler);
  return meeting;
}

async function met(
  world: World,
  dialler: SecurityContext | undefined,
  listener: SecurityContext | undefined,
): Promise<Meeting> {
  const meeting = await meet(world, dialler, listener);
  await world.wait(() => meeting.near !== null && meeting.far !== null, 'both ends');
  return meeting;
}

/** What each end sees of the other. */
function subjects({ near, far }: Meeting): (string | null)[] {
  return [near, far].map(end => end?.peerCertificate?.subject ?? null);
}

const { identity: _, ...ANONYMOUS } = DIALLER;
const STRANGER = { ...DIALLER, identity: OTHERS.issue('client') };
const ELSEWHERE = { ...LISTENER, identity: OURS.issue('server', '10.0.0.1') };

for (const world of worlds()) {
  test(`${world.name}: each side sees the certificate of the other, and only where one is shown`, async () => {
    const cases: [
      dialler: SecurityContext | undefined,
      listener: SecurityContext | undefined,
      seen: unknown[],
    ][] = [
      [DIALLER, LISTENER, ['CN=server', 'CN=client']],
      [DIALLER, { ...LISTENER, peer: 'want' }, ['CN=server', 'CN=client']],
      [DIALLER, { ...LISTENER, peer: 'none' }, ['CN=server', null]],
      [ANONYMOUS, { ...LISTENER, peer: 'want' }, ['CN=server', null]],
      [{ ...DIALLER, verifiesHost: false }, ELSEWHERE, ['CN=server', 'CN=client']],
      [undefined, undefined, [null, null]],
    ];
    for (const [dialler, listener, seen] of cases) {
      const meeting = await met(world, dialler, listener);
      assert.equal(subjects(meeting), seen);
      meeting.leave();
    }
  });

  test(`${world.name}: a peer that the listener does not believe never becomes a connection, and learns why`, async () => {
    const cases: [dialler: SecurityContext | undefined, listener: SecurityContext, why: RegExp][] = [
      [ANONYMOUS, LISTENER, /shows no certificate/],
      [STRANGER, LISTENER, /its certificate .*is not accepted/],
      [STRANGER, { ...LISTENER, peer: 'want' }, /its certificate .*is not accepted/],
      [undefined, LISTENER, /does not speak TLS/],
    ];
    for (const [dialler, listener, why] of cases) {
      const meeting = await meet(world, dialler, listener);
      await world.wait(() => meeting.refused !== null && meeting.failed !== null, 'the refusal');
      assert.match(meeting.refused!, why);
      assert.is(meeting.far, null);
      meeting.leave();
    }
  });

  test(`${world.name}: a listener that the dialler does not believe is no connection of it`, async () => {
    const cases: [dialler: SecurityContext, listener: SecurityContext][] = [
      [{ ...DIALLER, authorities: [OTHERS.certificate] }, LISTENER],
      [{ ...DIALLER, authorities: [] }, LISTENER],
      [DIALLER, ELSEWHERE],
      [DIALLER, { ...LISTENER, identity: OTHERS.issue('server', LOOPBACK) }],
    ];
    for (const [dialler, listener] of cases) {
      const meeting = await meet(world, dialler, listener);
      await world.wait(() => meeting.failed !== null, 'the refusal');
      assert.is(meeting.near, null);
      if (meeting.far !== null) await world.wait(() => meeting.farClosed !== null, 'the far end to close');
      meeting.leave();
    }
  });

  test(`${world.name}: bytes come whole and in order to the end, and the end comes behind them`, async () => {
    const bytes = 3_000_000;
    const meeting = await met(world, DIALLER, LISTENER);
    meeting.far!.write(Buffer.alloc(bytes, 'x'));
    meeting.far!.end();
    await world.wait(() => meeting.failed !== null, 'the end');
    assert.equal(
      [meeting.received, meeting.failed, meeting.farClosed ?? 'closed here'],
      [bytes, 'closed by peer', 'closed here'],
    );
    meeting.leave();
  });
}

/** Somebody who says this of every certificate, after a while. */
function revocationSays(reason: string | null): Pick<SecurityContext, 'revocation'> {
  return {
    revocation(_, done) {
      const timer = setTimeout(() => done(reason), 20);
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

test('Node.js: a certificate that is revoked is refused by either side, and one that is not is awaited', async () => {
  const [world] = worlds() as [World];
  const fine = revocationSays(null);
  const bad = revocationSays('it was revoked');
  const good = await met(world, { ...DIALLER, ...fine }, { ...LISTENER, ...fine });
  assert.equal(subjects(good), ['CN=server', 'CN=client']);
  good.leave();
  const listens = await meet(world, DIALLER, { ...LISTENER, ...bad });
  await world.wait(() => listens.refused !== null && listens.failed !== null, 'the refusal');
  assert.equal([listens.refused, listens.far], ['it was revoked', null]);
  listens.leave();
  const dials = await meet(world, { ...DIALLER, ...bad }, LISTENER);
  await world.wait(() => dials.failed !== null, 'the refusal');
  assert.equal([dials.failed, dials.near], ['it was revoked', null]);
  dials.leave();
});

test('Node.js: a peer that is silent in the handshake is no connection, and is closed with the listener', async () => {
  let port = 0;
  const accepted: Connection[] = [];
  const listener = nodeNetwork.listen(
    { host: LOOPBACK, port: 0 },
    {
      onListening: at => {
        port = at;
      },
      onConnection: connection => accepted.push(connection),
      onError: error => assert.unreachable(error.message),
    },
    { security: portOf(LISTENER) },
  );
  await until(() => port > 0, { ...SOON, what: 'the port' });
  const silent = net.connect({ host: LOOPBACK, port });
  await once(silent, 'connect');
  const other = await new Promise<Connection>((resolve, reject) => {
    const events = { onConnected: resolve, onError: reject };
    nodeNetwork.connect({ host: LOOPBACK, port }, SOON.deadlineMs, events, DIALLER);
  });
  await until(() => accepted.length === 1, { ...SOON, what: 'the connection' });
  silent.on('error', () => {});
  listener.close();
  await until(() => silent.destroyed, { deadlineMs: HANDSHAKE_MS_MAX / 2, what: 'the end of the handshake' });
  assert.is(accepted.length, 1);
  for (const each of [other, ...accepted]) each.destroy();
});

test('Node.js: a dial without an answer to its handshake ends in time', async () => {
  const accepted: net.Socket[] = [];
  const deaf = net.createServer(socket => accepted.push(socket));
  deaf.listen(0, LOOPBACK);
  await once(deaf, 'listening');
  const { port } = deaf.address() as net.AddressInfo;
  const error = await new Promise<Error>((resolve, reject) => {
    const events = { onConnected: () => reject(new Error('connected')), onError: resolve };
    nodeNetwork.connect({ host: LOOPBACK, port }, 50, events, DIALLER);
  });
  assert.match(error.message, /no connection within 50 ms/);
  for (const socket of accepted) socket.destroy();
  deaf.close();
});
