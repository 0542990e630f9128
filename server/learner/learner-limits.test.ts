import { assert, suite } from '#test';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { SnapshotSerializer } from '../storage/snapshots/snapshot-stream.ts';
import { DataTree } from '../tree/data-tree.ts';
import { JuteWriter } from '../wire/jute.ts';
import { PacketType, SNAPSHOT_SIGNATURE } from '../wire/quorum-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { INIT_LIMIT_MS, type Peer, Stage, TICK_MS } from '../zab/peer.test-kit.ts';
import { Follower } from './follower.ts';

const test = suite('quorum: time limits of a learner');

const { SNAP, NEWLEADER, PING } = PacketType;
const EPOCH = 2;

/** A follower without data, after its handshake: the master is about to say how it will sync. */
function discover(): { stage: Stage; master: Peer } {
  const stage = new Stage({ sid: 2 });
  const accept = stage.playMember(1, 2888);
  const follower = new Follower(
    stage.context,
    [[{ sid: 1, addresses: [{ host: 'zk1', port: 2888 }] }]],
    () => {},
  );
  follower.start(reason => {
    stage.ended = reason;
  });
  const master = accept();
  assert.equal(master.told(), ['FOLLOWERINFO 0x0']);
  master.sendLeaderInfo(EPOCH);
  assert.equal(master.told(), ['ACKEPOCH 0x0']);
  return { stage, master };
}

function emptySnapshot(): Buffer {
  const writer = new JuteWriter();
  const serializer = new SnapshotSerializer(new DataTree(), new Map());
  while (serializer.next(writer, 64 * 1024));
  return writer.writeString(SNAPSHOT_SIGNATURE).toBuffer();
}

test('a SNAP may take longer to write than initLimit: the learner’s own disk is slow, the master is not silent', () => {
  const { stage, master } = discover();
  stage.machine.disk.syncDelayMs = 2 * INIT_LIMIT_MS;
  master.send(SNAP, makeZxid(1, 6)).write(emptySnapshot()).send(NEWLEADER, makeZxid(EPOCH, 0));
  stage.time.advance(3 * INIT_LIMIT_MS);
  assert.is(stage.ended, null);
  assert.equal(master.told(), ['ACK 0x200000000']);
  stage.wait(() => stage.ended !== null, 'initLimit, which counts again');
  assert.match(stage.ended ?? '', new RegExp(`nothing heard from the master for ${INIT_LIMIT_MS} ms`));
});

test('a master that never says UPTODATE is left after initLimit and syncLimit, whatever else it says', () => {
  const { stage, master } = discover();
  const { initLimitMs, syncLimitMs } = stage.context.config;
  master.send(SNAP, makeZxid(1, 6)).write(emptySnapshot()).send(NEWLEADER, makeZxid(EPOCH, 0));
  stage.wait(() => master.told().includes('ACK 0x200000000'), 'the ACK of NEWLEADER');
  const fromMs = stage.time.nowMs;
  for (let ms = 0; ms < initLimitMs + syncLimitMs; ms += TICK_MS) {
    assert.is(stage.ended, null, `after ${ms} ms`);
    master.send(PING, makeZxid(1, 6));
    stage.time.advance(TICK_MS);
  }
  stage.wait(() => stage.ended !== null, 'the end of its patience');
  assert.ok(stage.time.nowMs - fromMs <= initLimitMs + syncLimitMs + 2 * TICK_MS);
  assert.is(stage.ended, `no UPTODATE within ${initLimitMs + syncLimitMs} ms of the ACK of NEWLEADER`);
});

test('connectToLearnerMasterLimit bounds each dial to a leader, in ticks; 0 stands for initLimit', () => {
  for (const [limit, ms] of [
    [0, INIT_LIMIT_MS],
    [1, TICK_MS],
    [4, 4 * TICK_MS],
  ] as const) {
    const stage = new Stage({ sid: 2, settings: `connectToLearnerMasterLimit=${limit}\n` });
    stage.network.host('zk1', new VirtualClock(stage.time));
    stage.network.cut('zk2', 'zk1', 'blackhole');
    const dialsMs: number[] = [];
    const { network } = stage.runtime;
    const connect = network.connect.bind(network);
    network.connect = (...args) => {
      dialsMs.push(stage.time.nowMs);
      return connect(...args);
    };
    const leader = { sid: 1, addresses: [{ host: 'zk1', port: 2888 }] };
    new Follower(stage.context, [[leader], [leader]], () => {}).start(reason => {
      stage.ended = reason;
    });
    stage.wait(() => stage.ended !== null, 'the follower to give up');
    const gapMs = (dialsMs[1] ?? stage.time.nowMs) - dialsMs[0]!;
    assert.ok(gapMs >= ms && gapMs <= ms + TICK_MS, `limit ${limit}: ${gapMs} ms`);
  }
});
