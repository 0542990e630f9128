import { assert, suite } from '#test';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import type { Peer } from '../zab/peer.test-kit.ts';
import { e2, NEWLEADER, Play, UPTODATE } from './leader.test-kit.ts';

const test = suite('quorum: observers synced at a time');

const { ACK } = PacketType;
const TREE_FROM_NOTHING = 0;

function playWith(...settings: string[]): Play {
  return new Play([], { settings: settings.map(line => `${line}\n`).join('') });
}

/** Up to where the master has said how it syncs. */
function ask(learner: Peer, lastZxid: number): Peer {
  learner.told();
  return learner.sendAckEpoch(lastZxid, 1);
}

test('leader.maxConcurrentSnapSyncs: one more observer is closed, until a sync is over', () => {
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

test('leader.maxConcurrentDiffSyncs: a learner that goes away in its sync makes room; a TRUNC counts too', () => {
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

test('a follower is synced however many are, and counts', () => {
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

test('observers that come all at once are synced in the end, on a leader and on its follower', () => {
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
