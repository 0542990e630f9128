/** Whole ensembles in virtual time: what a synchronisation of the observer does to its stream. */
import { assert, suite } from '#test';
import { MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { FakeBroker, type Stored, verdictOn } from './broker.test-kit.ts';

const test = suite('stream: observers that are synchronised');

const OBSERVER = 4;
const MISSED = 40;

function ensembleWith(settings: Readonly<Record<string, string | number>>) {
  const stored: Stored[] = [];
  const ensemble = new MemoryEnsemble({
    voters: 3,
    observers: 1,
    settings: {
      'observer.stream.sink': 'nats',
      'observer.stream.url': 'nats://broker:4222',
      localSessionsEnabled: 'true',
      'observer.readOnly.enabled': 'true',
      ...settings,
    },
    // Only the observer starts plug-ins.
    plugIns: clock => new FakeBroker(clock, stored),
  }).start();
  const writes = (count: number, sid = ensemble.leader) => {
    const client = MemoryClient.open(ensemble, sid);
    for (let write = 0; write < count; write++) client.create(`/n${ensemble.time.nowMs}-${write}`);
    return ensemble.server(ensemble.leader).database.lastProcessedZxid;
  };
  const streamed = (zxid: number) =>
    ensemble.wait(() => (stored.at(-1)?.zxid ?? -1) >= zxid, 'the stream to have the last transaction');
  const committed = () => {
    const { committedLog } = ensemble.server(ensemble.leader).database;
    return Array.from({ length: committedLog.size }, (_, at) => committedLog.at(at).zxid);
  };
  return { ensemble, stored, writes, streamed, committed };
}

for (const [what, settings] of [
  ['an observer', {}],
  ['one that hears proposals', { 'observer.proposals.enabled': 'true' }],
] as const) {
  test(`${what} that missed transactions and gets a DIFF sends them, without a gap`, () => {
    const { ensemble, stored, writes, streamed, committed } = ensembleWith(settings);
    streamed(writes(5));
    for (const how of ['kill', 'power'] as const) {
      ensemble.kill(OBSERVER, how);
      const last = writes(MISSED);
      ensemble.boot(OBSERVER);
      streamed(last);
    }
    assert.equal(verdictOn(stored, committed()), []);
    assert.is(stored.filter(({ gap }) => gap?.reason === 'lost').length, 0);
  });
}

test('an observer that gets a SNAP tells both zxids, and goes on behind it', () => {
  const few = { commitLogCount: 5, snapshotSizeFactor: -1 };
  const { ensemble, stored, writes, streamed } = ensembleWith(few);
  const before = writes(5);
  streamed(before);
  ensemble.kill(OBSERVER);
  const snapped = writes(MISSED);
  ensemble.boot(OBSERVER);
  streamed(snapped);
  assert.equal(stored.at(-1), { zxid: snapped, gap: { after: before, through: snapped, reason: 'lost' } });
  const last = writes(3);
  streamed(last);
  const behind = stored.slice(stored.findIndex(({ gap }) => gap?.reason === 'lost') + 1);
  assert.equal(
    behind.map(({ zxid }) => zxid),
    Array.from({ length: last - snapped }, (_, at) => snapped + at + 1),
  );
});

test('transactions committed before the quorum was lost are sent once, through a read-only phase and an election', () => {
  const { ensemble, stored, writes, streamed, committed } = ensembleWith({});
  streamed(writes(5));
  const { leader } = ensemble;
  const follower = [1, 2, 3].find(sid => sid !== leader)!;
  writes(10);
  ensemble.kill(leader);
  ensemble.kill(follower);
  ensemble.wait(
    () => ensemble.server(OBSERVER).view.serving?.mode === 'read-only',
    'the observer to be read-only',
  );
  ensemble.boot(leader, follower);
  ensemble.wait(() => ensemble.leader > 0, 'a leader');
  ensemble.wait(() => ensemble.server(OBSERVER).view.serving?.mode === 'observer', 'the observer to serve');
  streamed(writes(5));
  assert.equal(verdictOn(stored, committed()), []);
  assert.is(stored.filter(({ gap }) => gap?.reason === 'lost').length, 0);
});
