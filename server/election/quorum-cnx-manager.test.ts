import { assert, suite } from '#test';
import { Metrics } from '../metrics/metrics.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { plainElection } from '../security/election-network.ts';
import {
  ACCEPTED_EPOCH,
  CNX_TIMEOUT_MS,
  HELLO_TIMEOUT_MS,
  initial,
  notification,
  PORT,
  World,
} from './quorum-cnx-manager.test-kit.ts';
import { QuorumCnxManager } from './quorum-cnx-manager.ts';

const test = suite('election: QuorumCnxManager');

test('both directions: the connection dialed by the larger sid carries messages both ways', () => {
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  one.manager.send(2, notification(1));
  world.time.advance(100);
  two.manager.send(1, notification(2));
  world.time.advance(100);
  assert.equal([one.received, two.received], [['2: 2'], ['1: 1']]);
  assert.equal([one.host.connectionCount, two.host.connectionCount], [1, 1]);
});

test('a peer that is away gets only the newest message, once it is there', () => {
  const world = new World(1, 2);
  for (const [sender, receiver] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const from = world.start(sender);
    from.manager.setPersistent(true);
    for (let round = 1; round <= 5; round++) {
      from.manager.send(receiver, notification(round));
      world.time.advance(300);
    }
    const to = world.start(receiver);
    world.time.advance(2 * CNX_TIMEOUT_MS);
    assert.equal(to.received, [`${sender}: 5`]);
    from.manager.close();
    to.manager.close();
  }
});

test('without an election under way a peer that is away is dialed once per message', () => {
  const world = new World(1, 2);
  const two = world.start(2);
  two.manager.send(1, notification(1));
  world.time.advance(100);
  const one = world.start(1);
  world.time.advance(60_000);
  assert.equal(one.received, []);
  two.manager.send(1, notification(2));
  world.time.advance(100);
  assert.equal(one.received, ['2: 2']);
});

test('the last message is sent again on every new connection', () => {
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  one.manager.setPersistent(true);
  one.manager.send(2, notification(7));
  world.time.advance(100);
  two.manager.close();
  world.time.advance(100);
  const again = world.start(2);
  world.time.advance(2 * CNX_TIMEOUT_MS);
  assert.equal(again.received, ['1: 7']);
});

test('a server that silently lost its connection is heard, and gets messages, through the next one', () => {
  const world = new World(1, 2);
  const [one, two] = [world.start(1), world.start(2)];
  two.manager.send(1, notification(1));
  world.time.advance(100);
  world.network.cut('zk1', 'zk2', 'blackhole');
  world.network.cut('zk2', 'zk1', 'blackhole');
  two.manager.close();
  world.time.advance(100);
  world.network.healAll();
  const again = world.start(2, [1, 2], 'zk2');
  again.manager.send(1, notification(7));
  world.time.advance(100);
  one.manager.send(2, notification(8));
  world.time.advance(100);
  assert.is(one.received.at(-1), '2: 7');
  assert.is(again.received.at(-1), '1: 8');
});

test('a peer that does not read costs one output buffer, and gets the newest message when it reads again', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const stranger = world.stranger(1, initial(9));
  stranger.connection?.pause();
  const big = { ...notification(1), config: Buffer.alloc(400_000) };
  for (let i = 0; i < 100; i++) one.manager.send(9, big);
  world.time.advance(10);
  for (let i = 0; i < 100; i++) one.manager.send(9, big);
  stranger.connection?.resume();
  world.time.advance(1000);
  const { bytesRead } = stranger;
  assert.ok(bytesRead > 0 && bytesRead < 5 * 400_000, `${bytesRead} bytes`);
});

test('a peer that moved is dialed where the new configuration says', () => {
  const world = new World(1, 2);
  const two = world.start(2);
  world.network.cut('zk2', 'zk1', 'blackhole');
  two.manager.send(1, notification(1));
  world.time.advance(100);
  const moved = world.start(1, [1, 2], 'elsewhere');
  const addressOf = (host: string) => ({ places: [[{ host, port: PORT }]] });
  two.manager.setMembers(
    new Map([
      [1, addressOf('elsewhere')],
      [2, addressOf('zk2')],
    ]),
  );
  world.time.advance(100);
  assert.equal(moved.received, ['2: 1']);
});

test('a peer with one address by each configuration is found at the one that answers', () => {
  const world = new World(1, 2);
  const two = world.start(2);
  const moved = world.start(1, [1, 2], 'elsewhere');
  two.manager.setMembers(
    new Map([
      [1, { places: ['gone', 'elsewhere'].map(host => [{ host, port: PORT }]) }],
      [2, { places: [[{ host: 'zk2', port: PORT }]] }],
    ]),
  );
  two.manager.setPersistent(true);
  two.manager.send(1, notification(1));
  world.time.advance(1000);
  assert.equal(moved.received, ['2: 1']);
});

test('a server whose own address changes listens at the new one, and not at the old one', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const two = world.start(2);
  const at = (sid: number, port: number) => ({ places: [[{ host: `zk${sid}`, port }]] });
  const members = new Map([
    [1, at(1, PORT + 1)],
    [2, at(2, PORT)],
  ]);
  one.manager.setMembers(members);
  two.manager.send(1, notification(1));
  world.time.advance(1000);
  assert.equal(one.received, []);
  two.manager.setMembers(members);
  two.manager.send(1, notification(2));
  world.time.advance(1000);
  assert.equal(one.received, ['2: 2']);
});

test('a member that the next configuration does not name loses its connection; it may ask again as a stranger', () => {
  const world = new World(1, 2, 3);
  const [one, two, three] = [world.start(1), world.start(2), world.start(3)];
  one.manager.send(2, notification(1));
  three.manager.send(1, notification(3));
  world.time.advance(1000);
  assert.equal([one.manager.isConnected(2), one.manager.isConnected(3)], [true, true]);
  one.manager.setMembers(new Map([1, 3].map(sid => [sid, { places: [[{ host: `zk${sid}`, port: PORT }]] }])));
  world.time.advance(1000);
  assert.equal([one.manager.isConnected(2), one.manager.isConnected(3)], [false, true]);
  two.manager.send(1, notification(7));
  world.time.advance(1000);
  assert.ok(one.received.includes('2: 7'));
});

test('a taken port is tried three times, one second apart; then the owner gets the error', () => {
  const world = new World(1, 2);
  const one = world.start(1);
  const second = new QuorumCnxManager(
    {
      clock: one.host.clock,
      network: plainElection(one.host),
      logger: silentLogger,
      metrics: new Metrics(),
    },
    {
      sid: 1,
      members: new Map([[1, { places: [[{ host: 'zk1', port: PORT }]] }]]),
      cnxTimeoutMs: CNX_TIMEOUT_MS,
      helloTimeoutMs: HELLO_TIMEOUT_MS,
      bindTriesMax: 3,
      acceptedEpoch: () => ACCEPTED_EPOCH,
    },
    { onNotification: () => {}, onListenFailed: error => failures.push(`${error.code}: ${error.message}`) },
  );
  const failures: string[] = [];
  second.start();
  world.time.advance(1900);
  assert.is(failures.length, 0);
  world.time.advance(200);
  assert.match(failures.join(), /^ZK_LISTEN: election port zk1:3888 cannot be bound: EADDRINUSE/);
});

test('close() leaves nothing behind while everything is under way', () => {
  const world = new World(1, 2, 3);
  const two = world.start(2);
  world.start(3);
  two.manager.setPersistent(true);
  two.manager.send(1, notification(1));
  two.manager.send(3, notification(1));
  world.stranger(2, Buffer.alloc(0));
  two.manager.close();
  world.time.runUntilIdle(1000);
  assert.is(two.manager.connectionCount, 0);
  assert.is(two.host.connectionCount, 0);
  assert.is(two.host.listenerAt(PORT), undefined);
});
