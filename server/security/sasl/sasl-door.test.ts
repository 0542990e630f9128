/** Strangers on a port with SASL: their number, their time and their bytes are limited. */
import { assert, suite } from '#test';
import { silentLogger } from '../../runtime/logging/logger.ts';
import type { Connection } from '../../runtime/runtime.ts';
import { HANDSHAKE_MS_MAX, HANDSHAKES_MAX } from '../../runtime/tls/tls-door.ts';
import { MemoryConnection } from '../../runtime/virtual/memory-connection.ts';
import { type MemoryHost, MemoryNetwork } from '../../runtime/virtual/memory-network.ts';
import { VirtualClock } from '../../runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../../runtime/virtual/virtual-time.ts';
import { AUTH_MAGIC, encodeAuthPacket } from '../../wire/quorum-auth-packet.ts';
import { emptyDisk, keepingLogger, write } from '../stores/stores.test-kit.ts';
import { MemberAuth } from './member-auth.ts';
import { type JaasPlan, jaasText } from './sasl.test-kit.ts';
import { SILENCE_MS } from './sasl-door.ts';
import { saslNetworks } from './sasl-network.ts';

const test = suite('security: accepted connections with SASL');

const ADDRESS = { host: 'port', port: 2888 };
const TIMEOUT_MS = 5000;

interface Met {
  readonly connection: Connection;
  said: string;
  closed: boolean;
}

class World {
  readonly time = new VirtualTime();
  readonly #network = new MemoryNetwork(this.time);
  readonly #hosts = new Map<string, MemoryHost>();
  readonly refused: string[] = [];
  readonly lines: string[] = [];
  readonly accepted: Met[] = [];

  constructor({ isRequired = true, election = false } = {}) {
    const networks = this.networks('port', {}, isRequired);
    const events = {
      onListening: () => {},
      onConnection: (connection: Connection) => void this.accepted.push(meet(connection)),
      onRefused: (_: unknown, reason: string, code?: string) => void this.refused.push(`${code}: ${reason}`),
      onError: (error: Error) => void this.refused.push(error.message),
    };
    (election ? networks.election : networks.network).listen(ADDRESS, events);
    this.time.advance(10);
  }

  #hostOf(name: string): MemoryHost {
    const host = this.#hosts.get(name) ?? this.#network.host(name, new VirtualClock(this.time));
    this.#hosts.set(name, host);
    return host;
  }

  networks(name: string, jaas: JaasPlan = {}, isRequired = true, dials = true) {
    const host = this.#hostOf(name);
    const disk = emptyDisk();
    write(disk, '/tls/jaas', jaasText(jaas));
    const sasl = { path: '/tls/jaas', learnerContext: 'QuorumLearner', serverContext: 'QuorumServer' };
    const secret = (bytes: number) => Buffer.alloc(bytes, name);
    const auth = new MemberAuth({ disk, logger: silentLogger, secret }, { ...sasl, dials, isRequired });
    return saslNetworks(host, auth, { clock: host.clock, logger: keepingLogger(this.lines) });
  }

  /** A peer that sends these bytes. */
  stranger(bytes: Buffer, name = 'stranger'): Met {
    let met: Met | undefined;
    this.#hostOf(name).connect(ADDRESS, TIMEOUT_MS, {
      onConnected: connection => {
        met = meet(connection);
        connection.write(bytes);
      },
      onError: error => {
        throw error;
      },
    });
    this.time.advance(10);
    return met!;
  }

  /** The outcome of a dial with SASL. */
  dial(name: string, jaas: JaasPlan, dials = true): string {
    let outcome = 'nothing';
    this.networks(name, jaas, true, dials).network.connect(ADDRESS, TIMEOUT_MS, {
      onConnected: connection => {
        outcome = 'connected';
        meet(connection);
        connection.write(Buffer.from('hello'));
      },
      onError: error => {
        outcome = error.message;
      },
    });
    this.time.advance(100);
    return outcome;
  }
}

function meet(connection: Connection): Met {
  const met: Met = { connection, said: '', closed: false };
  connection.start({
    onData: chunk => {
      met.said += chunk.toString('latin1');
    },
    onClose: () => {
      met.closed = true;
    },
  });
  return met;
}

const FIRST = encodeAuthPacket({ status: 'inProgress', token: Buffer.alloc(0) });

test('a peer becomes a connection when it has authenticated, and not before', () => {
  const world = new World();
  assert.is(world.dial('member', {}), 'connected');
  assert.is(world.accepted[0]?.said, 'hello');
  // Nothing stands between the connection and its owner, so a write costs what it costs without SASL.
  assert.instance(world.accepted[0]?.connection, MemoryConnection);
  assert.equal([world.refused, world.lines], [[], []]);
});

test('a peer that does not know the password is refused, with one line on either side', () => {
  const world = new World();
  const outcome = world.dial('member', { password: 'wrong' });
  assert.match(outcome, /does not accept the user and the password of this server/);
  assert.is(world.accepted.length, 0);
  assert.equal(world.refused, ['ZK_SASL_PEER: its password for user member is wrong']);
  assert.is(world.lines.length, 1);
  assert.match(world.lines[0]!, /^warn ZK_SASL_PEER no SASL with port:2888: it does not accept/);
});

test('a member that does not authenticate is refused, or let in if it need not authenticate', () => {
  const strict = new World();
  strict.dial('member', {}, false);
  assert.match(strict.refused.join(), /^ZK_SASL_PEER: it does not authenticate/);
  assert.is(strict.accepted.length, 0);
  const open = new World({ isRequired: false });
  assert.is(open.dial('member', {}, false), 'connected');
  assert.equal(
    open.accepted.map(({ said }) => said),
    ['hello'],
  );
});

test('a silent peer is let in after a while if it need not authenticate', () => {
  const world = new World({ isRequired: false, election: true });
  // A server from before 3.5 that waits for a vote sends its id alone.
  const peer = world.stranger(Buffer.from('0000000000000005', 'hex'));
  world.time.advance(SILENCE_MS - 50);
  assert.is(world.accepted.length, 0);
  world.time.advance(100);
  assert.is(world.accepted.length, 1);
  peer.connection.write(Buffer.from('more'));
  world.time.advance(10);
  assert.ok(world.accepted[0]!.said.endsWith('\u0005more'));
});

test('half a handshake, and one byte a second, end in time, each with one line', () => {
  const world = new World();
  const half = world.stranger(FIRST, 'half');
  const slow = world.stranger(FIRST.subarray(0, 1), 'slow');
  for (let at = 1; at < 9; at++) {
    world.time.advance(1000);
    slow.connection.write(FIRST.subarray(at, at + 1));
  }
  assert.equal([half.closed, slow.closed], [false, false]);
  world.time.advance(HANDSHAKE_MS_MAX);
  assert.equal([half.closed, slow.closed], [true, true]);
  const late = `ZK_SASL_PEER: it has not authenticated within ${HANDSHAKE_MS_MAX} ms`;
  assert.equal(world.refused, [late, late]);
});

test('when there are too many peers, the host with most loses its oldest', () => {
  const world = new World();
  const member = world.stranger(FIRST, 'member');
  const crowd = Array.from({ length: HANDSHAKES_MAX }, () => world.stranger(FIRST, 'crowd'));
  assert.equal([member.closed, crowd[0]!.closed, crowd[1]!.closed], [false, true, false]);
  assert.match(world.refused.join(), /^ZK_SASL_PEER: 256 newer handshakes are under way$/);
});

test('a peer cannot make this server keep more than a packet', () => {
  const world = new World({ election: true });
  const endless = world.stranger(
    Buffer.concat([AUTH_MAGIC, Buffer.alloc(4), Buffer.from('7fffffff', 'hex')]),
  );
  const address = Buffer.concat([
    Buffer.from('ffffffffffff00000000000000000005', 'hex'),
    Buffer.from('7fffffff', 'hex'),
  ]);
  const long = world.stranger(address);
  world.time.advance(10);
  assert.equal([endless.closed, long.closed], [true, true]);
  assert.equal(world.refused.length, 2);
});

test('a peer that leaves by itself is not reported as refused', () => {
  const world = new World();
  world.stranger(Buffer.alloc(0)).connection.end();
  world.stranger(FIRST).connection.destroy();
  world.time.advance(HANDSHAKE_MS_MAX * 2);
  assert.equal(world.refused, []);
});
