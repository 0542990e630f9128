import { assert, repetitions, suite } from '#test';
import { silentLogger } from '../runtime/logging/logger.ts';
import { makeZxid } from '../wire/zxid.ts';
import { databaseDefaults } from './database-config.ts';
import { createPacket, seededRandom, type TestRig, testRig } from './storage.test-kit.ts';
import { ZkDatabase } from './zk-database.ts';

/**
 * Tests random schedules of appends, flushes, snapshots and turns of the loop, interrupted by power losses at
 * any operation of the disk. What was acknowledged must be there afterwards, and what is there must be a
 * prefix of what was appended. They do not show writes that reach the medium out of order.
 */
const test = suite('storage: durability');

class PowerCut extends Error {}

/** The log writes it alone. */
const LARGE = 'z'.repeat(70_000);

interface Outcome {
  readonly seed: number;
  readonly lost: string | undefined;
}

function open(rig: TestRig, forceSync: boolean): ZkDatabase {
  const config = {
    ...databaseDefaults,
    dataDir: '/d',
    dataLogDir: '/l',
    preAllocBytes: 2048,
    snapCount: 8,
    forceSync,
  };
  const db = new ZkDatabase({ ...rig, logger: silentLogger }, { ...config, txnLogSizeLimitBytes: 600 });
  db.load();
  return db;
}

function pathOf(zxid: number): string {
  return `/n${zxid.toString(16)}`;
}

class Story {
  readonly rig: TestRig;
  readonly #forceSync: boolean;
  readonly #random;
  #db: ZkDatabase;
  #epoch = 1;
  /** Everything appended that may have survived, oldest first. */
  #appended: number[] = [];
  #acked = 0;
  #applied = 0;

  constructor(seed: number, forceSync: boolean) {
    this.rig = testRig(seed);
    this.#random = seededRandom(seed * 7919);
    this.#forceSync = forceSync;
    this.#db = open(this.rig, forceSync);
  }

  life(): string | undefined {
    this.rig.disk.beforeOperation = this.#cutAfter(1 + this.#random.below(40));
    try {
      for (let step = 0; step < 60; step++) this.#step();
    } catch (error) {
      // A flush reports its error to the callback; a power loss in a turn of the loop is thrown as it is.
      if (!isCut(error)) throw error;
    }
    this.rig.disk.beforeOperation = () => {};
    this.rig.clock.clear();
    this.rig.disk.crash();
    try {
      this.#db = open(this.rig, this.#forceSync);
    } catch (error) {
      return `it does not start again: ${error}`;
    }
    return this.#verdict();
  }

  #step(): void {
    const choice = this.#random.below(10);
    if (choice < 4) this.#append();
    else if (choice < 6) this.#flush();
    else if (choice < 9) this.rig.clock.step();
    else if (this.#db.needsSnapshot()) this.#db.takeSnapshot(throwIt);
  }

  #append(): void {
    const last = this.#db.lastLoggedZxid;
    const zxid = last < makeZxid(this.#epoch, 1) ? makeZxid(this.#epoch, 1) : last + 1;
    this.#appended.push(zxid);
    const isLarge = this.#random.below(8) === 0;
    this.#db.append(createPacket(zxid, isLarge ? LARGE : 'z'.repeat(this.#random.below(200))));
  }

  #flush(): void {
    const upTo = this.#appended.length;
    this.#db.flush(error => {
      throwIt(error);
      this.#acked = Math.max(this.#acked, upTo);
      for (; this.#applied < upTo; this.#applied++) this.#apply(this.#appended[this.#applied]!);
    });
  }

  #apply(zxid: number): void {
    if (zxid > this.#db.lastProcessedZxid) this.#db.applyPacket(createPacket(zxid));
  }

  #verdict(): string | undefined {
    const kept = this.#appended.filter(zxid => this.#db.tree.getNode(pathOf(zxid)) !== undefined);
    if (kept.length < this.#acked) return `${this.#acked} acknowledged, ${kept.length} found`;
    const prefix = this.#appended.slice(0, kept.length);
    if (kept.some((zxid, i) => zxid !== prefix[i]))
      return 'what is found is not a prefix of what was appended';
    if (this.#db.lastProcessedZxid !== (kept.at(-1) ?? 0))
      return 'the last zxid is not that of the last transaction';
    this.#appended = kept;
    this.#acked = kept.length;
    this.#applied = kept.length;
    this.#epoch++;
    return undefined;
  }

  #cutAfter(operations: number): () => void {
    let left = operations;
    return () => {
      if (--left <= 0) throw new PowerCut('power cut');
    };
  }
}

function throwIt(error: Error | undefined): void {
  if (error !== undefined) throw error;
}

function isCut(error: unknown): boolean {
  if (error instanceof PowerCut) return true;
  return error instanceof Error && error.cause instanceof PowerCut;
}

function tell(seeds: number, forceSync: boolean): Outcome[] {
  const outcomes: Outcome[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const story = new Story(seed, forceSync);
    let lost: string | undefined;
    for (let life = 0; life < 6 && lost === undefined; life++) lost = story.life();
    if (lost !== undefined) outcomes.push({ seed, lost });
  }
  return outcomes;
}

test('no power cut at any operation loses what was acknowledged', () => {
  assert.equal(tell(repetitions(60), true), []);
});

test('a planted bug is seen: acknowledged before the sync', () => {
  const seen = tell(20, false).length;
  assert.ok(seen > 5, `${seen} of 20 stories`);
});
