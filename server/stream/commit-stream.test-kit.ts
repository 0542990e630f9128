/** An observer with its stream, and everything that can happen to both. */
import { assert } from '#test';
import { Metrics } from '../metrics/metrics.ts';
import { type ServerEvent, ServerEvents } from '../metrics/server-events.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { open } from '../storage/database.test-kit.ts';
import { databaseDefaults } from '../storage/database-config.ts';
import { purgeInParts } from '../storage/purge.ts';
import { SnapshotSerializer } from '../storage/snapshots/snapshot-stream.ts';
import { createPacket, ManualClock, testRig } from '../storage/storage.test-kit.ts';
import { ZkDatabase } from '../storage/zk-database.ts';
import { JuteWriter } from '../wire/jute.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid, zxidToHex } from '../wire/zxid.ts';
import { FakeBroker } from './broker.test-kit.ts';
import { CommitStream } from './commit-stream.ts';
import type { Gap } from './plug-in-messages.ts';

export const SETTINGS = {
  sink: 'nats',
  url: 'nats://broker',
  name: 'zookeeper',
  passwordPath: undefined,
} as const;
export const SMALL = { bufferBytesMax: 2_000, batchBytes: 900 };
export const LARGE = { bufferBytesMax: 1_000_000, batchBytes: 4_000 };
const SETTLE_STEPS_MAX = 20_000;

/** An observer with its stream, what its leader has committed, and a broker. */
export class World {
  readonly rig = testRig();
  readonly network = new ManualClock();
  readonly broker = new FakeBroker(this.network);
  readonly committed: TxnPacket[] = [];
  readonly events: ServerEvent[] = [];
  readonly metrics = new Metrics();
  readonly #limits: typeof SMALL;
  readonly #leader: ZkDatabase;
  #epoch = 1;
  #counter = 0;
  #isEstablished = false;
  database: ZkDatabase;
  stream: CommitStream;

  constructor(limits: typeof SMALL) {
    this.#limits = limits;
    this.#leader = new ZkDatabase(
      { ...this.rig, logger: silentLogger },
      { ...databaseDefaults, dataDir: '/leader', dataLogDir: '/leader' },
    );
    this.#leader.load();
    this.database = this.#openDatabase();
    this.stream = this.#newStream();
  }

  get zxids(): number[] {
    return this.committed.map(({ zxid }) => zxid);
  }

  #openDatabase(): ZkDatabase {
    return open(this.rig, { commitLogCount: 4, preAllocBytes: 0, txnLogSizeLimitBytes: 1_500 });
  }

  #newStream(): CommitStream {
    const stream = new CommitStream({
      settings: SETTINGS,
      source: this.database,
      plugIns: this.broker,
      clock: this.rig.clock,
      random: this.rig.random,
      events: new ServerEvents(event => void this.events.push(event)),
      metrics: this.metrics,
      limits: this.#limits,
    });
    stream.start();
    return stream;
  }

  /** The leader commits transactions of which the observer does not hear. */
  commitAway(count: number): TxnPacket[] {
    const packets = Array.from({ length: count }, () => createPacket(makeZxid(this.#epoch, ++this.#counter)));
    for (const packet of packets) this.#leader.applyPacket(packet);
    this.committed.push(...packets);
    return packets;
  }

  /** The observer hears of each as it is committed. */
  commit(count: number): void {
    for (const packet of this.commitAway(count)) {
      this.database.append(packet);
      this.database.flush(() => {});
      this.database.applyPacket(packet);
      this.stream.committed(packet);
    }
  }

  newEpoch(): void {
    this.#epoch++;
    this.#counter = 0;
  }

  /** The observer is synchronised by DIFF, and serves. */
  diff(): void {
    const { lastProcessedZxid } = this.database;
    for (const packet of this.committed.filter(({ zxid }) => zxid > lastProcessedZxid)) {
      this.database.append(packet);
      this.database.applyPacket(packet);
    }
    this.#establish();
  }

  #establish(): void {
    this.#isEstablished = true;
    this.stream.established(this.database.lastProcessedZxid);
  }

  /** The observer is synchronised by SNAP, and serves. */
  snap(): void {
    const writer = new JuteWriter();
    while (new SnapshotSerializer(this.#leader.tree, this.#leader.sessionTimeouts).next(writer, 1e9));
    const reader = this.database.beginRestore();
    reader.feed(writer.toBuffer());
    let isDone = false;
    this.database.finishRestore(reader, this.#leader.lastProcessedZxid, () => {
      isDone = true;
    });
    while (!isDone && this.rig.clock.step());
    this.#establish();
  }

  /** The observer ends and comes back. `power`: unsynced bytes are lost. */
  restart(how: 'kill' | 'power'): void {
    // Messages that its plug-in has sent still arrive.
    this.stream.stop();
    this.rig.clock.clear();
    if (how === 'power') this.rig.disk.crash();
    this.database = this.#openDatabase();
    this.stream = this.#newStream();
    this.#isEstablished = false;
  }

  /** Purges the oldest files of the observer, as far as its snapshots allow. */
  purge(): void {
    let isDone = false;
    if (!this.database.takeSnapshot(() => (isDone = true))) return;
    while (!isDone && this.rig.clock.step());
    for (const _ of purgeInParts(this.rig.disk, '/data/version-2', '/data/version-2', 3, this.rig.events));
  }

  /** Time passes here and on the network. */
  pass(steps: number): void {
    for (let i = 0; i < steps; i++) {
      if (this.rig.random.below(8) === 0 || !this.network.step()) this.rig.clock.step();
    }
  }

  /** Repairs everything, and waits until the broker has the last transaction. */
  settle(): void {
    this.broker.isDown = false;
    this.broker.isSilent = false;
    if (!this.#isEstablished || this.database.lastProcessedZxid < (this.zxids.at(-1) ?? 0)) this.diff();
    const last = this.zxids.at(-1) ?? -1;
    for (let step = 0; step < SETTLE_STEPS_MAX; step++) {
      if ((this.broker.last ?? -1) >= last) return;
      this.pass(1);
    }
    assert.unreachable(
      `the broker has ${zxidToHex(this.broker.last ?? -1)} of ${zxidToHex(last)}: ${JSON.stringify(this.events.slice(-5))}`,
    );
  }

  gaps(reason: Gap['reason']): Gap[] {
    return this.broker.stored.flatMap(({ gap }) => (gap?.reason === reason ? [gap] : []));
  }
}

export function started(limits: typeof SMALL = LARGE): World {
  const world = new World(limits);
  world.diff();
  return world;
}
