import { connect, createServer, type Server } from 'node:net';
import { assert, suite, until } from '#test';
import { NameLookup } from '../addresses/name-lookup.ts';
import { silentLogger } from '../logging/logger.ts';
import { MemoryDisk } from '../virtual/memory-disk.ts';
import { DescriptorReserve, lowestFreeDescriptor } from './descriptor-reserve.ts';
import { sparingDisk } from './node-disk.ts';
import { listenOn } from './node-listener.ts';

const test = suite('runtime: descriptors are kept for the log');

function reserve(max: number) {
  const state = { open: 0, looks: 0, nowMs: 0, warnings: [] as string[] };
  const logger = { ...silentLogger, warn: (message: string) => void state.warnings.push(message) };
  const lowestFree = () => {
    state.looks++;
    return state.open < max ? state.open : Number.POSITIVE_INFINITY;
  };
  const of = new DescriptorReserve({ max, lowestFree, monotonicMs: () => state.nowMs, logger });
  return { of, state };
}

test('field report B10: clients are refused first, then peers, then readers; the log gets the last descriptor', () => {
  for (const max of [20, 64, 120, 1024, 4096]) {
    const { of, state } = reserve(max);
    const last = { client: 0, peer: 0, read: 0 };
    for (state.open = 1; state.open <= max; state.open++) {
      for (const use of ['client', 'peer', 'read'] as const) if (of.allows(use)) last[use] = state.open;
    }
    assert.ok(
      last.client < last.peer && last.peer < last.read && last.read < max,
      JSON.stringify({ max, ...last }),
    );
    assert.ok(last.client >= max / 2, `${last.client} of ${max} for clients`);
  }
});

test('far from the limit, connections open without a check of the descriptors', () => {
  const { of, state } = reserve(100_000);
  for (state.open = 0; state.open < 90_000; state.open++) assert.ok(of.allows('client'));
  assert.ok(state.looks < 20, `${state.looks} looks`);
});

test('descriptors that others took meanwhile are noticed in time, and freed ones are used', () => {
  const { of, state } = reserve(1000);
  assert.ok(of.allows('client'));
  // Files and dials do not ask, and took as many as connections did.
  while (of.allows('client')) state.open += 2;
  assert.ok(state.open < 1000, `${state.open} open`);
  state.open = 500;
  assert.ok(of.allows('client'));
});

test('a refusal is logged once a minute, with the limit; with an unknown limit nothing is refused', () => {
  const { of, state } = reserve(120);
  state.open = 119;
  for (let n = 0; n < 50; n++) of.allows('client');
  assert.is(state.warnings.length, 1);
  assert.match(state.warnings[0]!, /of the 120 file descriptors/);
  assert.is(of.refused, 50);
  state.nowMs = 60_000;
  of.allows('client');
  assert.is(state.warnings.length, 2);
  const unknown = reserve(-1);
  unknown.state.open = 1_000_000;
  assert.ok(unknown.of.allows('client'));
});

test('the lowest free descriptor is the next one', () => {
  assert.is(lowestFreeDescriptor(), lowestFreeDescriptor());
});

test('field report B10: files open for writing when there are too few descriptors for reading', () => {
  const disk = new MemoryDisk({
    schedule: (_delayMs, run) => run(),
    random: { float: () => 0, below: () => 0 },
  });
  disk.makeDirectory('/d');
  disk.open('/d/log', 'w').close();
  const sparing = sparingDisk(disk, () => false);
  assert.throws(() => sparing.open('/d/log', 'r'), /cannot open \/d\/log: too few file descriptors/);
  sparing.open('/d/log', 'w').close();
  sparing.open('/d/log', 'a+').close();
});

test('field report B10: a listener that cannot accept rests, and listens again on the same port', async () => {
  let server: Server | undefined;
  const failures: Error[] = [];
  let port = 0;
  let accepted = 0;
  const listener = listenOn(
    new NameLookup(silentLogger),
    { host: '127.0.0.1', port: 0 },
    {
      serverFor: onSocket => {
        server = createServer(onSocket);
        return server;
      },
    },
    {
      onListening: bound => {
        port = bound;
      },
      onSocket: socket => {
        accepted++;
        socket.destroy();
      },
      onError: error => void failures.push(error),
    },
  );
  const reach = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port }, () => {
        socket.destroy();
        resolve();
      });
      socket.on('error', reject);
    });
  await until(() => port > 0, { deadlineMs: 30_000, what: 'the port' });
  await reach();
  server!.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  await until(
    () =>
      reach().then(
        () => false,
        () => true,
      ),
    { deadlineMs: 30_000, what: 'the listener to rest' },
  );
  await until(() => reach().then(() => true), { deadlineMs: 20_000, what: 'the port to be open again' });
  await until(() => accepted === 2, { deadlineMs: 30_000, what: 'the connection to be handed over' });
  assert.equal(failures, []);
  listener.close();
});
