/**
 * Observers that feed real brokers. The observer, the broker, the plug-in and the leader are killed while
 * clients write: the stream has what a voter has in its log, once and in order.
 */
import { assert, suite, until } from '#test';
import { type Ensemble, type MemberPlan, withEnsemble } from '../interop/ensemble.test-kit.ts';
import type { Member } from '../interop/member.test-kit.ts';
import { Writers } from '../interop/writers.test-kit.ts';
import { nodeDisk } from '../runtime/node-disk.ts';
import { LogFileReader } from '../storage/log-file-reader.ts';
import { listLogFiles } from '../storage/log-format.ts';
import { verdictOn } from '../stream/broker.test-kit.ts';
import { STREAM_LIMITS } from '../stream/commit-stream.ts';
import { type BrokerMessage, killPlugIn, newBroker, type TestBroker } from './brokers.test-kit.ts';

const test = suite('sinks: real brokers');
const DEADLINE = { deadlineMs: 400_000 };
const OBSERVER = 4;
const MASTER_PORT = 2889;
const WRITES_BETWEEN = 60;
const TOO_LARGE_BYTES = 200_000;
/** Together more than twice what is kept in memory. */
const LARGE_BYTES = 100_000;
const LARGE_WRITES = 400;
/** A write through the observer waits for two fsyncs, on a busy machine. */
const SLOW_WRITE_MS = 10_000;

const voters: readonly MemberPlan[] = [{ is: 'zklab' }, { is: 'zklab' }, { is: 'zklab' }];
const withStream = (broker: TestBroker, more: readonly string[] = []): MemberPlan[] => [
  ...voters,
  { is: 'zklab', observer: true, settings: [...broker.settings(), ...more] },
];

/** The zxids that a member has in its log. */
function loggedBy(member: Member): number[] {
  const zxids: number[] = [];
  for (const { path } of listLogFiles(nodeDisk, member.dataFolder)) {
    const reader = new LogFileReader(nodeDisk, path);
    for (let entry = reader.next(); entry !== null; entry = reader.next()) zxids.push(entry.zxid);
    reader.close();
  }
  return zxids;
}

function asStored(messages: readonly BrokerMessage[]) {
  return messages.map(({ message }) => {
    const zxid = Number(message.zxid);
    const gap =
      message.kind === 'gap'
        ? { after: Number(message.after), through: zxid, reason: message.reason as 'start' | 'lost' }
        : null;
    return { zxid, gap };
  });
}

/** Waits until the stream has what all members have. */
async function settled(ensemble: Ensemble, broker: TestBroker): Promise<BrokerMessage[]> {
  const end = await ensemble.member(1).zxid();
  return until(
    async () => {
      const messages = await broker.messages('zookeeper');
      return Number(messages.at(-1)?.message.zxid) >= end && messages;
    },
    { deadlineMs: 120_000, what: `the stream to have 0x${end.toString(16)}`, intervalMs: 300 },
  );
}

function said(member: Member, words: RegExp): Promise<unknown> {
  return until(() => words.test(member.log), { deadlineMs: 60_000, what: `the log to say ${words}` });
}

for (const sink of ['nats', 'redis'] as const) {
  test(
    `004-22, ${sink}: observer, broker, plug-in and leader are killed under load: nothing is missing, nothing is there twice`,
    async () => {
      const broker = await newBroker(sink);
      try {
        await withEnsemble(
          withStream(broker),
          async ensemble => {
            await ensemble.start();
            const observer = ensemble.member(OBSERVER);
            const writers = await Writers.start(ensemble, '/writes');
            const happenings: (() => Promise<unknown>)[] = [
              () => killPlugIn(observer),
              async () => {
                await broker.kill();
                await writers.more(WRITES_BETWEEN);
                await broker.start();
              },
              async () => {
                await observer.kill();
                await writers.more(WRITES_BETWEEN);
                await ensemble.start(OBSERVER);
              },
              async () => {
                const leader = await ensemble.leader();
                await leader.kill();
                await ensemble.leader();
                await ensemble.start(leader.sid);
              },
            ];
            for (const happen of [...happenings, ...happenings]) {
              await writers.more(WRITES_BETWEEN);
              await happen();
            }
            await writers.more(WRITES_BETWEEN);
            await writers.stop();
            await writers.agree();
            const messages = await settled(ensemble, broker);
            const stored = asStored(messages);
            assert.equal(verdictOn(stored, loggedBy(ensemble.member(1))), []);
            assert.equal(
              stored.filter(({ gap }) => gap?.reason === 'lost'),
              [],
            );
            assert.is(new Set(messages.map(({ id }) => id)).size, messages.length, 'ids at the broker');
          },
          // Nobody is sent a whole snapshot, so the stream has no reason for a gap.
          [`observerMasterPort=${MASTER_PORT}`, 'snapshotSizeFactor=0'],
        );
      } finally {
        await broker.kill();
      }
    },
    DEADLINE,
  );

  test(
    `${sink}: a wrong password, and a broker that is not there, are told in a sentence, and the observer serves`,
    async () => {
      const broker = await newBroker(sink, { isSecured: true });
      try {
        const open = { ...broker.options, isSecured: false };
        const plan = withStream(broker).map(one =>
          one.observer
            ? {
                ...one,
                settings:
                  one.settings?.filter(line => !line.startsWith('observer.stream.passwordPath')) ?? [],
              }
            : one,
        );
        await withEnsemble(plan, async ensemble => {
          await ensemble.start();
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
          if (sink === 'redis') return;
          await broker.start(open);
          await said(observer, /the commit stream is open/);
        });
      } finally {
        await broker.kill();
      }
    },
    DEADLINE,
  );

  test(
    `${sink}: what another publisher has put into the stream is told in a sentence, and nothing is added behind it`,
    async () => {
      const broker = await newBroker(sink);
      try {
        await withEnsemble(withStream(broker), async ensemble => {
          await ensemble.start();
          const client = await ensemble.client(OBSERVER);
          await client.create('/a');
          await settled(ensemble, broker);
          await broker.intrude('zookeeper');
          await client.create('/b');
          await said(ensemble.member(OBSERVER), /the commit stream waits: another publisher has appended/);
          await said(ensemble.member(OBSERVER), /is no commit stream: /);
          assert.is(await client.get('/b'), '');
        });
      } finally {
        await broker.kill();
      }
    },
    DEADLINE,
  );
}

test(
  'nats: a message that is too large for the broker holds the stream, is told in a sentence, and is sent when the broker takes it',
  async () => {
    const broker = await newBroker('nats', { messageBytesMax: 64 * 1024 });
    try {
      await withEnsemble(withStream(broker), async ensemble => {
        await ensemble.start();
        const observer = ensemble.member(OBSERVER);
        const client = await ensemble.client(OBSERVER);
        await client.create('/small', 'x');
        await client.create('/large', 'x'.repeat(TOO_LARGE_BYTES));
        await client.create('/behind', 'x');
        await said(
          observer,
          /the message of transaction 0x\w+ has \d+ bytes, and the broker at .* accepts 65536/,
        );
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
      });
    } finally {
      await broker.kill();
    }
  },
  DEADLINE,
);

test(
  'a broker that hangs does not hold the observer: a bounded part is in memory, and the rest follows from the log',
  async () => {
    const broker = await newBroker('redis');
    try {
      await withEnsemble(withStream(broker), async ensemble => {
        await ensemble.start();
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
        const stored = asStored(await settled(ensemble, broker));
        assert.equal(verdictOn(stored, loggedBy(ensemble.member(1))), []);
        assert.equal(
          stored.filter(({ gap }) => gap?.reason === 'lost'),
          [],
        );
      });
    } finally {
      await broker.kill();
    }
  },
  DEADLINE,
);

function pathOf(message: Record<string, unknown>): string | undefined {
  return (message.body as { path?: string } | undefined)?.path;
}
