import { assert, suite } from '#test';
import { MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { FakeBroker, verdictOn } from './broker.test-kit.ts';

const test = suite('stream: the load on voters');

const VOTERS = 3;
const OBSERVER = 4;
const WRITES = 200;
const WRITE_EVERY_MS = 20;
const END_MS = 15_000;
const STREAM = { 'observer.stream.sink': 'nats', 'observer.stream.url': 'nats://broker:4222' };

/** What happens to the broker at each write. */
type Disturb = (broker: FakeBroker, write: number) => void;

/** Everything that each voter has counted in a run of the same writes at the same times. */
function run(settings: Readonly<Record<string, string>>, disturb: Disturb = () => {}) {
  const brokers: FakeBroker[] = [];
  const plugIns = (clock: ConstructorParameters<typeof FakeBroker>[0]) => {
    const broker = new FakeBroker(clock);
    brokers.push(broker);
    return broker;
  };
  const ensemble = new MemoryEnsemble({ voters: VOTERS, observers: 1, settings, plugIns }).start();
  const client = MemoryClient.open(ensemble, OBSERVER);
  const broker = brokers[OBSERVER - 1]!;
  const startMs = ensemble.time.nowMs;
  for (let write = 1; write <= WRITES; write++) {
    client.create(`/n${write}`, 'x'.repeat(write));
    disturb(broker, write);
    ensemble.time.runUntil(() => false, startMs + write * WRITE_EVERY_MS);
  }
  ensemble.time.runUntil(() => false, startMs + END_MS);
  const counts = Array.from({ length: VOTERS }, (_, at) => {
    const { metrics } = ensemble.server(at + 1);
    const traffic = [...metrics.traffic].map(([name, { messages, bytes }]) => [name, messages, bytes]);
    return { traffic, fsyncs: metrics.counter('fsync_count').value };
  });
  const zxids: number[] = [];
  const { committedLog } = ensemble.server(1).database;
  for (let i = 0; i < committedLog.size; i++) zxids.push(committedLog.at(i).zxid);
  return { ensemble, broker, counts, zxids, startMs };
}

test('004-22: with a stream, every voter sends, receives and syncs exactly what it does without, message by message', () => {
  const without = run({});
  const traffic = without.counts.flatMap(({ traffic }) => traffic.map(([name]) => name));
  assert.ok(traffic.some(name => String(name).startsWith('sent inform')));
  const disturbances: readonly Disturb[] = [
    () => {},
    broker => {
      broker.isSilent = true;
    },
    (broker, write) => {
      broker.isDown = write % 20 < 10;
      if (write % 7 === 0) broker.killPlugIn();
    },
  ];
  for (const disturb of disturbances) {
    const { counts, startMs } = run(STREAM, disturb);
    assert.is(startMs, without.startMs);
    assert.equal(counts, without.counts);
  }
});

test('an observer in an ensemble feeds the stream with everything that a voter has committed, through elections', () => {
  const { ensemble, broker, zxids } = run({ ...STREAM, snapshotSizeFactor: '0' }, (broker, write) => {
    if (write % 50 === 0) broker.killPlugIn();
  });
  assert.equal(verdictOn(broker.stored, zxids), []);
  const { leader } = ensemble;
  ensemble.kill(leader);
  ensemble.wait(
    () => ensemble.leader > 0 && ensemble.server(OBSERVER).view.serving !== null,
    'another leader',
  );
  const client = MemoryClient.open(ensemble, OBSERVER);
  for (let write = 0; write < 5; write++) client.create(`/later${write}`);
  const { committedLog } = ensemble.server(ensemble.leader).database;
  const last = committedLog.maxZxid(-1);
  ensemble.wait(() => broker.last === last, 'the stream to have the last transaction');
  for (let i = committedLog.indexFrom(zxids.at(-1)! + 1); i < committedLog.size; i++)
    zxids.push(committedLog.at(i).zxid);
  assert.equal(verdictOn(broker.stored, zxids), []);
  assert.equal(
    broker.stored.filter(({ gap }) => gap !== null),
    [],
  );
});

test('on a voter the settings of a stream cause a warning, and start nothing', () => {
  const { ensemble } = run(STREAM);
  assert.ok(
    ensemble.messages(1, 'warn').some(line => line.startsWith('observer.stream.sink=nats has no effect')),
  );
  assert.is(ensemble.server(1).metrics.gauges.has('commit_stream_phase'), false);
  assert.is(ensemble.server(OBSERVER).metrics.gauges.get('commit_stream_phase')?.(), 'idle');
});
