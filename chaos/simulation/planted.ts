import { SessionReplies } from '../../server/clients/session-replies.ts';
import { WaitingSession } from '../../server/clients/waiting-session.ts';
import { LearnerZooKeeperServer } from '../../server/learner/learner-zookeeper-server.ts';
import { ReadOnlyZooKeeperServer } from '../../server/learner/read-only-zookeeper-server.ts';
import { LeaderZooKeeperServer } from '../../server/master/leader-zookeeper-server.ts';
import { QuorumMaj } from '../../server/membership/quorum-maj.ts';
import { ZooKeeperServer } from '../../server/processors/zookeeper-server.ts';
import { ReadOnlyPhase } from '../../server/quorum/read-only-phase.ts';
import { SessionIds } from '../../server/sessions/session-ids.ts';
import { parseTxnPacket } from '../../server/storage/parse-txn.ts';
import { ZkDatabase } from '../../server/storage/zk-database.ts';
import { WatchManager } from '../../server/tree/watch-manager.ts';
import { OPEN_ACL_UNSAFE } from '../../server/wire/acl.ts';
import { ErrorCode } from '../../server/wire/error-codes.ts';
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

  /** What a held-back sync brought is applied to the tree, and watchers are not told. */
  'a watch is dropped at catch-up': () => {
    const { apply } = ReadOnlyZooKeeperServer.prototype;
    return put(ReadOnlyZooKeeperServer.prototype, 'apply', (server, packet) => {
      const silent = put(WatchManager.prototype, 'trigger', () => null);
      apply.call(server, packet);
      silent();
    });
  },

  /** The first transaction of each held-back sync is left out. */
  'a transaction is skipped at catch-up': () => {
    const { apply } = ReadOnlyZooKeeperServer.prototype;
    const begun = new WeakSet<ReadOnlyZooKeeperServer>();
    return put(ReadOnlyZooKeeperServer.prototype, 'apply', (server, packet) => {
      if (begun.has(server)) apply.call(server, packet);
      begun.add(server);
    });
  },

  /** Readers see what a new leader sends before a quorum has accepted it. */
  'a sync is not held back': () => putGetter(ReadOnlyPhase.prototype, 'holdsBackSyncs', () => false),

  /** A read-only server acknowledges what it does not do. */
  'a write is accepted in the read-only phase': () => {
    const { refuse } = SessionReplies.prototype;
    return put(SessionReplies.prototype, 'refuse', (replies, xid, op, code) => {
      const isHidden = op === OpCode.delete && code === ErrorCode.NOTREADONLY;
      refuse.call(replies, xid, op, isHidden ? ErrorCode.OK : code);
    });
  },

  /** maxStaleMs counts from when the loss of the master was noticed. */
  'data grow older than maxStaleMs': () => {
    const { begin } = ReadOnlyPhase.prototype;
    return put(ReadOnlyPhase.prototype, 'begin', (phase, former) =>
      begin.call(phase, former, former.parts.clock.monotonicMs()),
    );
  },

  /** The clients of a read-only phase stay, whatever the sync has done to the tree. */
  'readers stay through a SNAP': () => put(ReadOnlyPhase.prototype, 'treeReplaced', () => {}),

  /** The phase forgets that the former server has shown the start of its epoch, and takes any client. */
  'a read-only phase goes back to an older zxid': () => {
    const remove = [
      putGetter(
        ReadOnlyZooKeeperServer.prototype,
        'lastProcessedZxid',
        server => server.parts.database.lastProcessedZxid,
      ),
      put(WaitingSession.prototype, 'problemWith', () => null),
    ];
    return () => {
      for (const undo of remove) undo();
    };
  },

  /** The member goes on renewing the session that it has given to the leader. */
  'an upgraded session stays local': () => {
    const { upgradeSession } = ZooKeeperServer.prototype;
    return put(ZooKeeperServer.prototype, 'upgradeSession', (server, connection) => {
      upgradeSession.call(server, connection);
      server.parts.localSessions?.tracker.track(connection.sessionId, connection.timeoutMs);
    });
  },

  /** The ids of a member begin at the same number each time it starts. */
  'session ids begin again': () => {
    const { next } = SessionIds.prototype;
    const given = new WeakMap<SessionIds, bigint>();
    return put(SessionIds.prototype, 'next', ids => {
      const count = given.get(ids) ?? 1n;
      given.set(ids, count + 1n);
      return ((next.call(ids) >> 56n) << 56n) + count;
    });
  },
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

/** Replaces a getter. Returns what restores it. */
function putGetter<T extends object, K extends keyof T & string>(
  prototype: T,
  name: K,
  get: (self: T) => T[K],
): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name);
  if (original === undefined) throw new TypeError(`there is no getter ${name} to replace`);
  Object.defineProperty(prototype, name, {
    ...original,
    get(this: T): T[K] {
      return get(this);
    },
  });
  return () => void Object.defineProperty(prototype, name, original);
}

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
