import { assert, suite } from '#test';
import { MemoryEnsemble } from '../../memory-ensemble.test-kit.ts';
import { Metrics } from '../../metrics/metrics.ts';
import { PacketType } from '../../wire/quorum-packet.ts';
import type { Peer } from '../../zab/peer.test-kit.ts';
import { e2, NEWLEADER, Play, UPTODATE } from '../leader/leader.test-kit.ts';
import {
  LEAST_BYTES_PER_S,
  LearnerSyncThrottler,
  type Standing,
  SYNC_GRACE_MS,
  type SyncPlace,
} from './learner-sync-throttler.ts';

const test = suite('quorum: the limit on observers that are synced at a time');

const { ACK } = PacketType;
const TREE_FROM_NOTHING = 0;

function playWith(...settings: string[]): Play {
  return new Play([], { settings: settings.map(line => `${line}\n`).join('') });
}

/** Runs the handshake, up to where the master has said how it syncs. */
function ask(learner: Peer, lastZxid: number): Peer {
  learner.told();
  return learner.sendAckEpoch(lastZxid, 1);
}

test('leader.maxConcurrentSnapSyncs: an observer above the limit is closed, until a sync is over', () => {
  const play = playWith('leader.maxConcurrentSnapSyncs=1');
  play.serve();
  const first = ask(play.observer(4), TREE_FROM_NOTHING);
  assert.match(first.told()[0] ?? '', /^SNAP/);
  const refused = ask(play.observer(5), TREE_FROM_NOTHING);
  assert.equal(refused.told(), []);
  assert.ok(refused.closed !== null);
  assert.equal(ask(play.observer(5), play.lastZxid).told().at(-1), NEWLEADER, 'a DIFF is another matter');
  first.send(ACK, e2(0));
  play.stage.settle();
  assert.match(ask(play.observer(5), TREE_FROM_NOTHING).told()[0] ?? '', /^SNAP/);
});

test('leader.maxConcurrentDiffSyncs: a learner that leaves during its sync makes room; a TRUNC counts too', () => {
  const play = playWith('leader.maxConcurrentDiffSyncs=1');
  play.serve();
  const first = ask(play.observer(4), play.lastZxid + 5);
  assert.match(first.told()[0] ?? '', /^TRUNC/);
  const refused = ask(play.observer(5), play.lastZxid);
  refused.told();
  assert.ok(refused.closed !== null);
  first.destroy();
  play.stage.settle();
  const second = ask(play.observer(5), play.lastZxid);
  assert.is(second.told().at(-1), NEWLEADER);
  second.send(ACK, e2(0));
  assert.equal(second.told(), [UPTODATE]);
  second.destroy();
  play.stage.settle();
  assert.is(ask(play.observer(5), play.lastZxid).told().at(-1), NEWLEADER, 'counted down once');
});

test('a follower is synced however many others are, and counts in the metric', () => {
  const play = playWith('leader.maxConcurrentDiffSyncs=1');
  play.serve();
  ask(play.observer(4), play.lastZxid).told();
  assert.is(ask(play.follower(3), play.lastZxid).told().at(-1), NEWLEADER);
  const { min, max, count } = play.stage.context.metrics.summary('inflight_diff_count');
  assert.equal({ min, max, count }, { min: 0, max: 2, count: 4 });
});

test('B7: a follower that the configuration does not know is no voter: it waits for its turn like an observer', () => {
  const play = playWith('leader.maxConcurrentDiffSyncs=1');
  play.serve();
  ask(play.observer(4), play.lastZxid).told();
  const stranger = ask(play.follower(77), play.lastZxid);
  stranger.told();
  assert.ok(stranger.closed !== null);
});

test('a voter that is synced takes no place of an observer', () => {
  const play = playWith('leader.maxConcurrentDiffSyncs=1');
  play.serve();
  ask(play.follower(3), play.lastZxid).told();
  assert.is(ask(play.observer(4), play.lastZxid).told().at(-1), NEWLEADER);
});

test('B7: a stranger that says it is an observer of the configuration loses its place to that observer, which keeps it', () => {
  const play = playWith('leader.maxConcurrentSnapSyncs=1');
  play.serve();
  const stranger = ask(play.observer(4, 1, 'elsewhere'), TREE_FROM_NOTHING);
  assert.match(stranger.told()[0] ?? '', /^SNAP/);
  const another = ask(play.observer(78), TREE_FROM_NOTHING);
  another.told();
  assert.is.not(another.closed, null, 'strangers wait for one another');
  const observer = ask(play.observer(4), TREE_FROM_NOTHING);
  assert.match(observer.told()[0] ?? '', /^SNAP/);
  assert.is.not(stranger.closed, null);
  const again = ask(play.observer(4, 1, 'elsewhere'), TREE_FROM_NOTHING);
  again.told();
  assert.equal([again.closed === null, observer.closed], [false, null]);
});

/** Learners by name, and who has lost a place. */
class Places {
  readonly closed: string[] = [];
  readonly #throttler: LearnerSyncThrottler;
  readonly #places = new Map<string, SyncPlace>();

  constructor(syncsMax: number) {
    this.#throttler = new LearnerSyncThrottler('key', syncsMax, new Metrics().summary('syncs'));
  }

  begin(name: string, nowMs: number, standing: Standing = 'observer', host = name): boolean {
    const close = () => {
      this.closed.push(name);
      this.#places.get(name)!.end();
    };
    const place = this.#throttler.begin({ standing, host, close }, nowMs);
    if (place !== null) this.#places.set(name, place);
    return place !== null;
  }

  get(name: string): SyncPlace {
    return this.#places.get(name)!;
  }
}

test('a learner that reads too slowly keeps its place as long as nobody wants it', () => {
  const places = new Places(2);
  assert.ok(places.begin('slow', 0));
  assert.ok(places.begin('fast', 0));
  for (let second = 1; second <= 60; second++) {
    places.get('fast').took(LEAST_BYTES_PER_S, second * 1000);
    places.get('slow').took(LEAST_BYTES_PER_S / 2, second * 1000);
  }
  assert.is(places.begin('third', 15_000), false, 'it is not late enough');
  assert.equal(places.closed, []);
  assert.ok(places.begin('third', 60_000));
  assert.equal(places.closed, ['slow']);
  assert.is(places.begin('fourth', 60_000), false);
});

test('a learner that begins fast and then stops is late like any other', () => {
  const places = new Places(1);
  places.begin('first', 0);
  for (let ms = 0; ms < 1000; ms += 10) places.get('first').took(1_000_000, ms);
  assert.is(places.begin('second', SYNC_GRACE_MS), false);
  assert.ok(places.begin('second', SYNC_GRACE_MS + 1000));
});

test('a learner that pauses and then reads again soon counts as fast enough', () => {
  const places = new Places(1);
  places.begin('first', 0);
  places.get('first').took(20 * LEAST_BYTES_PER_S, 300_000);
  assert.is(places.begin('second', 300_000), false);
});

test('a learner that has read all of a large tree gets time to write it to disk', () => {
  const places = new Places(1);
  places.begin('first', 0);
  places.get('first').took(400 * 1024 * 1024, 1000);
  places.get('first').tookAll(1000);
  assert.is(places.begin('second', 100_000), false);
  assert.ok(places.begin('second', 120_000));
});

test('B7: strangers from many hosts that come again before they are late keep no observer out, and end no sync of an observer', () => {
  const places = new Places(2);
  let name = 0;
  for (let ms = 0; ms < 60_000; ms += SYNC_GRACE_MS - 1000) {
    for (let n = 0; n < 4; n++) places.begin(`s${++name}`, ms, 'other');
    if (ms > 0) continue;
    assert.ok(places.begin('first', ms));
    assert.ok(places.begin('second', ms));
  }
  assert.equal(places.closed, ['s2', 's1'], 'one after the other, and no observer although both are late');
  assert.ok(places.begin('third', 60_000));
  assert.equal(places.closed.slice(2), ['first'], 'an observer that waits gets the place of a late one');
});

test('the host with most places gives its newest one to a host that has fewer', () => {
  const places = new Places(4);
  for (const name of ['a', 'b', 'c', 'd']) places.begin(name, 0, 'other', 'busy');
  assert.ok(places.begin('e', 1, 'other', 'elsewhere'));
  assert.ok(places.begin('f', 1, 'other', 'elsewhere'));
  assert.is(places.begin('g', 1, 'other', 'elsewhere'), false);
  assert.equal(places.closed, ['d', 'c']);
});

test('ZOOKEEPER-3437: observers that come all at once are synced in the end, on a leader and on its follower', () => {
  for (const masters of [0, 2191]) {
    const settings = {
      observerMasterPort: masters,
      'leader.maxConcurrentSnapSyncs': 1,
      'leader.maxConcurrentDiffSyncs': 1,
    };
    const ensemble = new MemoryEnsemble({ voters: 3, observers: 6, settings }).start();
    assert.is(ensemble.sids.filter(sid => ensemble.server(sid).view.serving !== null).length, 9);
  }
});
