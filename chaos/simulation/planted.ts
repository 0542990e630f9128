import { LearnerZooKeeperServer } from '../../server/learner/learner-zookeeper-server.ts';
import { LeaderZooKeeperServer } from '../../server/master/leader-zookeeper-server.ts';
import { QuorumMaj } from '../../server/membership/quorum-maj.ts';
import { parseTxnPacket } from '../../server/storage/parse-txn.ts';
import { ZkDatabase } from '../../server/storage/zk-database.ts';
import { OPEN_ACL_UNSAFE } from '../../server/wire/acl.ts';
import { OpCode } from '../../server/wire/opcodes.ts';
import { EventType } from '../../server/wire/watch-event.ts';

/**
 * Mistakes put into the server while `body` runs: whoever cannot find them with the simulator has a simulator
 * that finds nothing. A disk that lies to one member is the mistake of acking before the fsync; see
 * `lying-disk.ts`.
 */
export const PLANTS = {
  /** One more voter than there are believes in every quorum. */
  'a minority decides': () =>
    put(QuorumMaj.prototype, 'containsQuorum', ({ voters }, sids) => (sids.size + 1) * 2 > voters.size),

  /** A learner answers a sync by itself: its client reads the past. */
  'sync asks nobody': () =>
    put(LearnerZooKeeperServer.prototype, 'sync', (server, request) =>
      server.parts.clock.atEndOfTurn(() => request.origin?.complete(request, null)),
    ),

  /** Watches fire when a change is logged: a client that is told reads what was before. */
  'watches fire at the proposal': () => {
    const { append } = ZkDatabase.prototype;
    return put(ZkDatabase.prototype, 'append', (database, packet) => {
      append.call(database, packet);
      const { body } = parseTxnPacket(packet);
      if (body.type === OpCode.setData)
        database.tree.dataWatches.trigger(body.path, EventType.dataChanged, packet.zxid, OPEN_ACL_UNSAFE);
    });
  },

  /** The leader forgets a session that has expired, and tells nobody. */
  'expiry is no proposal': () => {
    const { submit } = LeaderZooKeeperServer.prototype;
    return put(LeaderZooKeeperServer.prototype, 'submit', (server, request) => {
      const isExpiry =
        request.op === OpCode.closeSession && request.owner === server && request.origin === null;
      if (isExpiry) server.tracker.remove(request.sessionHigh, request.sessionLow);
      else submit.call(server, request);
    });
  },

  /** A learner says that it has cut its log. */
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

/** Returns what takes it out again. */
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
