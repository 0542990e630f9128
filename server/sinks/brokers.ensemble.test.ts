/** Failures at real brokers are logged in a sentence, and the observer goes on serving. */
import { assert, suite } from '#test';
import { STREAM_LIMITS } from '../stream/commit-stream.ts';
import { killPlugIn } from './brokers.test-kit.ts';
import { isComplete, OBSERVER, said, settled, withStream } from './streaming.test-kit.ts';

const test = suite('sinks: real brokers');
const DEADLINE = { deadlineMs: 400_000 };
const TOO_LARGE_BYTES = 200_000;
/** Size of each value; together they are more than twice what is kept in memory. */
const LARGE_BYTES = 100_000;
const LARGE_WRITES = 400;
/** A write through the observer waits for two fsyncs, on a busy machine. */
const SLOW_WRITE_MS = 10_000;

for (const sink of ['nats', 'redis'] as const) {
  test(
    `${sink}: a missing password, and a broker that is not there, are logged in a sentence, and the observer serves`,
    () =>
      withStream(
        sink,
        async (ensemble, broker) => {
          const observer = ensemble.member(OBSERVER);
          await said(observer, /the commit stream waits: the broker at .* refuses this server: /);
          await broker.kill();
          await said(
            observer,
            /cannot be reached or refuses this server: .*(ECONNREFUSED|connection refused)/,
          );
          const client = await ensemble.client(OBSERVER);
          await client.create('/served', 'yes');
          assert.is(await client.get('/served'), 'yes');
        },
        { broker: { isSecured: true }, without: 'observer.stream.passwordPath' },
      ),
    DEADLINE,
  );

  test(
    `${sink}: a message of another publisher in the stream is logged in a sentence, and nothing is added behind it`,
    () =>
      withStream(sink, async (ensemble, broker) => {
        const observer = ensemble.member(OBSERVER);
        const client = await ensemble.client(OBSERVER);
        await client.create('/a');
        await settled(ensemble, broker);
        await broker.intrude('zookeeper');
        await client.create('/b');
        await said(observer, /the commit stream waits: another publisher has appended/);
        await said(observer, /is no commit stream: /);
        assert.is(await client.get('/b'), '');
      }),
    DEADLINE,
  );
}

test(
  'redis: a stream that was trimmed to nothing goes on behind its last id',
  () =>
    withStream('redis', async (ensemble, broker) => {
      const client = await ensemble.client(OBSERVER);
      await client.create('/a');
      const before = await settled(ensemble, broker);
      await broker.empty('zookeeper');
      await killPlugIn(ensemble.member(OBSERVER));
      await client.create('/b');
      const after = await settled(ensemble, broker);
      assert.equal(
        after.map(({ message }) => pathOf(message)),
        ['/b'],
      );
      assert.ok(Number(after[0]?.message.zxid) > Number(before.at(-1)?.message.zxid));
    }),
  DEADLINE,
);

test(
  'nats: a stream that was emptied has lost its position, and the log says so in a sentence',
  () =>
    withStream('nats', async (ensemble, broker) => {
      const client = await ensemble.client(OBSERVER);
      await client.create('/a');
      await settled(ensemble, broker);
      await broker.empty('zookeeper');
      await killPlugIn(ensemble.member(OBSERVER));
      await said(ensemble.member(OBSERVER), /the last message of the stream zookeeper at .* is gone/);
      assert.is(await client.get('/a'), '');
    }),
  DEADLINE,
);

test(
  'nats: a message that is too large for the broker stops the stream, is logged in a sentence, and is sent when the broker accepts it',
  () =>
    withStream(
      'nats',
      async (ensemble, broker) => {
        const client = await ensemble.client(OBSERVER);
        await client.create('/small', 'x');
        await client.create('/large', 'x'.repeat(TOO_LARGE_BYTES));
        await client.create('/behind', 'x');
        const words = /the message of transaction 0x\w+ has \d+ bytes, and the broker at .* accepts 65536/;
        await said(ensemble.member(OBSERVER), words);
        const before = (await broker.messages('zookeeper')).map(({ message }) => pathOf(message));
        assert.ok(before.includes('/small') && !before.includes('/behind'));
        assert.is(await client.get('/behind'), 'x');
        await broker.kill();
        await broker.start({ messageBytesMax: 1024 * 1024 });
        const after = (await settled(ensemble, broker)).map(({ message }) => pathOf(message));
        assert.equal(
          after.filter(path => path !== undefined),
          ['/small', '/large', '/behind'],
        );
      },
      { broker: { messageBytesMax: 64 * 1024 } },
    ),
  DEADLINE,
);

test(
  'a broker that hangs does not stop the observer: a bounded part is in memory, and the rest follows from the log',
  () =>
    withStream('redis', async (ensemble, broker) => {
      const observer = ensemble.member(OBSERVER);
      const client = await ensemble.client(OBSERVER);
      await client.create('/large');
      await settled(ensemble, broker);
      broker.pause();
      const value = 'x'.repeat(LARGE_BYTES);
      let slowestMs = 0;
      for (let write = 0; write < LARGE_WRITES; write++) {
        const startMs = performance.now();
        await client.set('/large', value);
        slowestMs = Math.max(slowestMs, performance.now() - startMs);
      }
      assert.ok(slowestMs < SLOW_WRITE_MS, `the slowest write took ${slowestMs} ms`);
      assert.ok((await observer.metric('commit_stream_buffer_bytes'))! <= STREAM_LIMITS.bufferBytesMax);
      await said(observer, /the commit stream waits: no answer from the plug-in or its broker for 30 s/);
      broker.resume();
      await isComplete(ensemble, broker);
    }),
  DEADLINE,
);

function pathOf(message: Record<string, unknown>): string | undefined {
  return (message.body as { path?: string } | undefined)?.path;
}
