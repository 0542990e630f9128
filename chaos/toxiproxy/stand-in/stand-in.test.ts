import { assert, suite, until } from '#test';
import { fc } from '#test/properties';
import { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import { Dialed } from '../../testing/dialed.ts';
import { EchoServer } from '../../testing/echo-server.ts';
import { toxiproxyApi } from './api.ts';
import type { LinkCounters } from './link.ts';
import { proxyMetrics } from './metrics.ts';
import { TcpProxy } from './proxy.ts';
import { ProxyCollection } from './proxy-collection.ts';
import { bandwidth } from './toxics/bandwidth.ts';
import { cuts } from './toxics/slicer.ts';

/** What only the stand-in promises: a bound on what it holds, and the same randomness for the same seed. */
const test = suite('toxiproxy stand-in');

const MIB = 1024 * 1024;

for (const [type, attributes, heldMax] of [
  ['latency', { latency: 600_000 }, 4 * MIB],
  ['bandwidth', { rate: 1 }, 64 * 1024],
  ['slicer', { average_size: 512, delay: 60_000_000 }, 64 * 1024],
] as const) {
  test(`a link under ${type} stops reading rather than hold more than its limit`, async () => {
    await withProxy(async ({ proxy, counted }) => {
      proxy.addToxic({ type, stream: 'upstream', attributes });
      const connection = await Dialed.to(proxy.listen);
      connection.send(Buffer.alloc(24 * MIB));
      await until(() => counted.received >= heldMax, { deadlineMs: 30_000, what: 'the link to be full' });
      const stalled = counted.received;
      await new Promise(resolve => setTimeout(resolve, 100));
      assert.ok(counted.received - stalled <= 64 * 1024, 'it reads on');
      // One read of up to 64 KiB may be added.
      assert.ok(
        counted.received - counted.sent <= heldMax + 64 * 1024,
        `holds ${counted.received - counted.sent}`,
      );

      proxy.removeAllToxics();
      await connection.until(() => connection.receivedBytes === 24 * MIB);
      connection.close();
    });
  });
}

test('field report D4: the API answers loopback names, and no page of another origin', async () => {
  const status = async (headers: Record<string, string>, listensOn?: string) => {
    const { registry, countersOf } = proxyMetrics();
    const proxies = new ProxyCollection(new SeededRandom('api'), countersOf);
    const api = toxiproxyApi(proxies, registry, listensOn);
    const { statusCode } = await api.inject({ method: 'POST', url: '/reset', headers });
    await api.close();
    return statusCode;
  };
  for (const host of ['localhost:8474', '127.0.0.1:8474', '127.9.9.9', '[::1]:8474', 'LOCALHOST'])
    assert.is(await status({ host }), 204, host);
  for (const host of [
    'evil.example:8474',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.7',
    ':',
    'a b',
  ])
    assert.is(await status({ host }), 403, host);
  const host = 'localhost:8474';
  for (const origin of ['http://localhost:3000', 'http://127.0.0.1'])
    assert.is(await status({ host, origin }), 204, origin);
  for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example', 'file://'])
    assert.is(await status({ host, origin }), 403, origin);
  assert.is(await status({ host: 'lab.example:8474' }, 'lab.example'), 204);
  assert.is(await status({ host: '10.0.0.7:8474' }, '0.0.0.0'), 204, 'asked to listen everywhere');
  assert.is(await status({ host: 'evil.example' }, '0.0.0.0'), 403, 'a name can point anywhere');
});

test('a high bandwidth keeps 50 ms of bytes in line, so that late timers cost nothing', () => {
  const out = { push: () => {}, end: () => {} };
  const context = { random: new SeededRandom('x'), nowMs: () => 0, drained: () => {}, packetHit: () => {} };
  const stage = bandwidth.stage({ rate: 50_000 }, out, context);
  try {
    stage.push({ data: Buffer.alloc(2_400_000), atMs: 0 });
    assert.ok(stage.hasRoom());
    stage.push({ data: Buffer.alloc(200_000), atMs: 0 });
    assert.not(stage.hasRoom());
  } finally {
    stage.discard();
  }
});

test('a reader that does not read stops the writer', async () => {
  await withProxy(async ({ proxy, counted }) => {
    const connection = await Dialed.to(proxy.listen);
    connection.socket.pause();
    connection.send(Buffer.alloc(48 * MIB));
    let before = -1;
    await until(
      async () => {
        const still = counted.received === before;
        before = counted.received;
        await new Promise(resolve => setTimeout(resolve, 50));
        return still && before > 0;
      },
      { deadlineMs: 30_000, what: 'the bytes to stop' },
    );
    assert.ok(counted.received < 48 * MIB);
    connection.socket.resume();
    await connection.until(() => connection.receivedBytes === 48 * MIB);
    connection.close();
  });
});

test('the same seed cuts the same slices, and another seed cuts others', () => {
  const ends = (seed: number) => cuts(10_000, 100, 50, new SeededRandom(seed));
  assert.equal(ends(7), ends(7));
  assert.not.equal(ends(7), ends(8));
});

test('slices cover every byte once, none is empty, and none is longer than average + variation', () => {
  const sizes = fc.tuple(
    fc.integer({ min: 1, max: 5000 }),
    fc.integer({ min: 1, max: 300 }),
    fc.nat(299),
    fc.nat(),
  );
  fc.assert(
    fc.property(sizes, ([length, average, variation, seed]) => {
      const ends = cuts(length, average, variation, new SeededRandom(seed));
      assert.is(ends.at(-1), length);
      let from = 0;
      for (const to of ends) {
        assert.ok(to > from && to - from <= Math.max(1, average + variation), `${from} to ${to}`);
        from = to;
      }
    }),
  );
});

/**
 * Toxics that neither drop bytes nor cut connections. Whatever happens to them, all bytes must arrive in
 * order.
 */
const keeping = fc.oneof(
  fc.record({
    type: fc.constant('latency'),
    attributes: fc.record({ latency: fc.nat(5), jitter: fc.nat(5) }),
  }),
  fc.record({
    type: fc.constant('bandwidth'),
    attributes: fc.record({ rate: fc.integer({ min: 0, max: 20_000 }) }),
  }),
  fc.record({
    type: fc.constant('slicer'),
    attributes: fc.record({
      average_size: fc.integer({ min: 50, max: 500 }),
      size_variation: fc.nat(49),
      delay: fc.nat(50),
    }),
  }),
  fc.record({ type: fc.constant('slow_close'), attributes: fc.record({ delay: fc.nat(5) }) }),
  fc.record({ type: fc.constant('noop'), attributes: fc.constant({}) }),
);
const changes = fc.array(
  fc.record({
    slot: fc.nat(3),
    toxic: keeping,
    stream: fc.constantFrom('upstream', 'downstream'),
    toxicity: fc.constantFrom(0, 0.5, 1),
  }),
  { minLength: 1, maxLength: 12 },
);

test('adding, changing and removing toxics while bytes pass loses and reorders none', async () => {
  await fc.assert(
    fc.asyncProperty(changes, async steps => {
      await withProxy(async ({ proxy }) => {
        const connection = await Dialed.to(proxy.listen);
        const sent: Buffer[] = [];
        for (const [index, { slot, toxic, stream, toxicity }] of steps.entries()) {
          const piece = Buffer.alloc(3000, index + 1);
          sent.push(piece);
          connection.send(piece);
          await new Promise(resolve => setTimeout(resolve, 1));
          const name = `slot ${slot}`;
          const present = proxy.toxicsJson().some(each => (each as { name: string }).name === name);
          if (!present) proxy.addToxic({ ...toxic, name, stream, toxicity });
          else if (index % 2 === 0) proxy.updateToxic(name, { toxicity, attributes: toxic.attributes });
          else proxy.removeToxic(name);
        }
        proxy.removeAllToxics();
        const all = Buffer.concat(sent);
        await connection.until(() => connection.receivedBytes >= all.length || connection.closed);
        assert.ok(connection.received.equals(all), `${connection.receivedBytes} of ${all.length} bytes`);
        connection.close();
      });
    }),
    { numRuns: 60 },
  );
});

interface Counted {
  received: number;
  sent: number;
}

/** A proxy before an echo server; `counted` is its upstream direction. */
async function withProxy(
  body: (bench: { proxy: TcpProxy; counted: Counted }) => Promise<void>,
): Promise<void> {
  const echo = await EchoServer.listen();
  const counted: Counted = { received: 0, sent: 0 };
  const counting: LinkCounters = {
    received: bytes => {
      counted.received += bytes;
    },
    sent: bytes => {
      counted.sent += bytes;
    },
  };
  const nothing: LinkCounters = { received: () => {}, sent: () => {} };
  const proxy = new TcpProxy('a', '127.0.0.1:0', echo.address, new SeededRandom(1), (_, direction) =>
    direction === 'upstream' ? counting : nothing,
  );
  await proxy.start();
  try {
    await body({ proxy, counted });
  } finally {
    await proxy.stop();
    await echo.close();
  }
}
