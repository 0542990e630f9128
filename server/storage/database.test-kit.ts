/** A database on a disk in memory, with a history of /n1, /n2 and so on. */

import { assert } from '#test';
import { countEvents } from '../metrics/count-events.ts';
import { logEvents } from '../metrics/log-events.ts';
import { ServerEvents } from '../metrics/server-events.ts';
import { type Logger, silentLogger } from '../runtime/logging/logger.ts';
import { JuteWriter } from '../wire/jute.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { databaseDefaults, type ZkDatabaseConfig } from './database-config.ts';
import { SnapshotSerializer } from './snapshots/snapshot-stream.ts';
import { createPacket, type TestRig } from './storage.test-kit.ts';
import { ZkDatabase } from './zk-database.ts';

export const E1 = makeZxid(1, 0);

export function open(
  rig: TestRig,
  config: Partial<ZkDatabaseConfig> = {},
  logger: Logger = silentLogger,
): ZkDatabase {
  const db = new ZkDatabase(
    { ...rig, logger, events: new ServerEvents(countEvents(rig.metrics), logEvents({ ...rig, logger })) },
    { ...databaseDefaults, dataDir: '/data', dataLogDir: '/data', preAllocBytes: 4096, ...config },
  );
  db.load();
  return db;
}

/** Logs and applies the packets. They are durable once the clock has run. */
export function commit(rig: TestRig, db: ZkDatabase, ...packets: TxnPacket[]): void {
  for (const packet of packets) db.append(packet);
  db.flush(error => assert.is(error, undefined));
  for (const packet of packets) db.applyPacket(packet);
  rig.clock.run();
}

export function creates(from: number, to: number, epoch = E1): TxnPacket[] {
  return Array.from({ length: to - from + 1 }, (_, i) => createPacket(epoch + from + i));
}

/** Restarts after a power loss. */
export function reopen(rig: TestRig, config: Partial<ZkDatabaseConfig> = {}): ZkDatabase {
  rig.clock.clear();
  rig.disk.crash();
  return open(rig, config);
}

export function names(db: ZkDatabase): string[] {
  return [...(db.tree.getNode('/')?.children ?? [])].filter(name => name.startsWith('n')).sort();
}

/** What a leader sends as SNAP. */
export function streamFrom(rig: TestRig, count: number): { bytes: Buffer; zxid: number } {
  const leader = new ZkDatabase(
    { ...rig, logger: silentLogger },
    { ...databaseDefaults, dataDir: '/leader', dataLogDir: '/leader' },
  );
  leader.load();
  for (const packet of creates(1, count)) leader.applyPacket(packet);
  const writer = new JuteWriter();
  while (new SnapshotSerializer(leader.tree, leader.sessionTimeouts).next(writer, 1e9));
  return { bytes: writer.toBuffer(), zxid: leader.lastProcessedZxid };
}

/** Restores what `streamFrom` gives, as a learner does at the end of a SNAP. */
export function restoreFrom(rig: TestRig, db: ZkDatabase, count: number): void {
  const { bytes, zxid } = streamFrom(rig, count);
  const reader = db.beginRestore();
  reader.feed(bytes);
  db.finishRestore(reader, zxid, error => assert.is(error, undefined));
  rig.clock.run();
}
