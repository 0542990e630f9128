import { assert, suite } from '#test';
import type { ServerError } from '../errors.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { createPacket } from '../storage/storage.test-kit.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import { SyncRequestProcessor } from './sync-request-processor.ts';

const test = suite('processors: to disk');

const SYNC_MS = 10;

/** A database with nothing but a log: each flush becomes durable ten milliseconds later. */
class SlowLog {
  readonly clock = new VirtualClock();
  readonly events: string[] = [];
  failure: ServerError | undefined;
  snapshotWanted = false;
  readonly sync: SyncRequestProcessor;

  constructor() {
    const database = {
      append: ({ zxid }: { zxid: number }) => void this.events.push(`append ${zxid}`),
      flush: (done: (error?: ServerError) => void) => {
        this.events.push('flush');
        this.clock.after(SYNC_MS, () => done(this.failure));
      },
      needsSnapshot: () => this.snapshotWanted,
      takeSnapshot: () => {
        this.snapshotWanted = false;
        this.events.push('snapshot');
      },
    } as unknown as ZkDatabase;
    this.sync = new SyncRequestProcessor(
      database,
      this.clock,
      zxid => this.events.push(`synced ${zxid}`),
      error => this.events.push(`fatal ${error.message}`),
    );
  }

  /** Runs `body` as one turn, and then what it queued for the end of the turn. */
  turn(body: () => void): string[] {
    this.clock.after(0, body);
    this.clock.advance(0);
    return this.events.splice(0);
  }

  pass(ms: number): string[] {
    this.clock.advance(ms);
    return this.events.splice(0);
  }
}

test('transactions of one turn share one flush, and the next batch gathers while it is under way', () => {
  const log = new SlowLog();
  const append =
    (...zxids: number[]) =>
    () => {
      for (const zxid of zxids) log.sync.append(createPacket(zxid));
    };
  assert.equal(log.turn(append(1, 2, 3)), ['append 1', 'append 2', 'append 3', 'flush']);
  assert.equal(log.turn(append(4)), ['append 4', 'flush']);
  assert.equal(log.pass(SYNC_MS), ['synced 3', 'synced 4']);
  assert.equal(log.pass(100), []);
});

test('ZOOKEEPER-4712: stop waits until everything appended is durable, reports none of it, and finishes once', () => {
  const log = new SlowLog();
  let done = 0;
  log.turn(() => {
    log.sync.append(createPacket(1));
    log.sync.stop(() => done++);
  });
  assert.is(done, 0);
  assert.equal(log.pass(SYNC_MS), [], 'no ack after stop');
  assert.is(done, 1);
  log.pass(100);
  assert.is(done, 1);
});

test('stop with nothing under way finishes at the end of the turn, not inside the call', () => {
  const log = new SlowLog();
  let done = 0;
  log.turn(() => {
    log.sync.stop(() => done++);
    assert.is(done, 0);
  });
  assert.is(done, 1);
});

test('a failed sync is fatal, and nothing of its batch is reported as durable', () => {
  const log = new SlowLog();
  log.failure = { message: 'no space' } as ServerError;
  let done = 0;
  log.turn(() => log.sync.append(createPacket(1)));
  log.sync.stop(() => done++);
  assert.equal(log.pass(SYNC_MS), ['fatal no space']);
  assert.is(done, 0, 'a stop does not claim what is not on disk');
});

test('a snapshot begins after a flush, never before it', () => {
  const log = new SlowLog();
  log.snapshotWanted = true;
  assert.equal(
    log.turn(() => log.sync.append(createPacket(1))),
    ['append 1', 'flush', 'snapshot'],
  );
  assert.equal(
    log.turn(() => log.sync.append(createPacket(2))),
    ['append 2', 'flush'],
  );
});
