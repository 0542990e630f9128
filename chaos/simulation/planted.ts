import { LearnerZooKeeperServer } from '../../server/learner/learner-zookeeper-server.ts';
import { LeaderZooKeeperServer } from '../../server/master/leader-zookeeper-server.ts';
import { QuorumMaj } from '../../server/membership/quorum-maj.ts';
import { parseTxnPacket } from '../../server/storage/parse-txn.ts';
import { ZkDatabase } from '../../server/storage/zk-database.ts';
import { OPEN_ACL_UNSAFE } from '../../server/wire/acl.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import { EventType } from '../../server/wire/watch-event.ts';

/**
 * Bugs planted in the server while `body` runs. A simulator that does not find them finds nothing. For the
 * bug of acking before the fsync, one member gets a lying disk; see `lying-disk.ts`.
 */
export const PLANTS = {
  /** Every quorum needs one member less than a majority. */
  'a minority decides': () =>
    put(QuorumMaj.prototype, 'containsQuorum', ({ voters }, sids) => (sids.size + 1) * 2 > voters.size),

  /** A learner answers a sync without its leader, so its client reads the past. */
  'sync asks nobody': () =>
    put(LearnerZooKeeperServer.prototype, 'sync', (server, request) =>
      server.parts.clock.atEndOfTurn(() => request.origin?.complete(request, null)),
    ),

  /** Watches fire when a change is logged, so a notified client still reads the old data. */
  'watches fire at the proposal': () => {
    const { append } = ZkDatabase.prototype;
    return put(ZkDatabase.prototype, 'append', (database, packet) => {
      append.call(database, packet);
      const { body } = parseTxnPacket(packet);
      if (body.type === OpCode.setData)
        database.tree.dataWatches.trigger(body.path, EventType.dataChanged, packet.zxid, OPEN_ACL_UNSAFE);
    });
  },

  /** The leader forgets an expired session and proposes nothing. */
  'expiry is no proposal': () => {
    const { submit } = LeaderZooKeeperServer.prototype;
    return put(LeaderZooKeeperServer.prototype, 'submit', (server, request) => {
      const isExpiry =
        request.op === OpCode.closeSession && request.owner === server && request.origin === null;
      if (isExpiry) server.tracker.remove(request.sessionHigh, request.sessionLow);
      else submit.call(server, request);
    });
  },

  /** A learner reports that it has truncated its log, but has not. */
  'TRUNC does nothing': () => put(ZkDatabase.prototype, 'truncate', () => true),
} as const;

export type Plant = keyof typeof PLANTS;

export function planted<T>(plant: Plant, body: () => T): T {
  const remove = PLANTS[plant]();
  try {
    return body();
  } finally {
    remove();
  }
}

type Method<T, K extends keyof T> = T[K] extends (...args: infer A) => infer R
  ? (self: T, ...args: A) => R
  : never;

/** Replaces a method. Returns what restores it. */
function put<T extends object, K extends keyof T>(prototype: T, name: K, method: Method<T, K>): () => void {
  const original = prototype[name];
  const instead = function (this: T, ...args: never[]): unknown {
    return method(this, ...args);
  };
  prototype[name] = instead as T[K];
  return () => {
    prototype[name] = original;
  };
}
