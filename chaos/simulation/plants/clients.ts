/** Mistakes in what clients are told: answers, watches and sessions. */
import { CommittedLine } from '../../../server/learner/committed-line.ts';
import { LearnerZooKeeperServer } from '../../../server/learner/learner-zookeeper-server.ts';
import { LeaderZooKeeperServer } from '../../../server/master/leader/leader-zookeeper-server.ts';
import { OutstandingChanges } from '../../../server/processors/outstanding-changes.ts';
import { ZooKeeperServer } from '../../../server/processors/zookeeper-server.ts';
import { SessionIds } from '../../../server/sessions/session-ids.ts';
import { SessionTracker } from '../../../server/sessions/session-tracker.ts';
import { parseTxnPacket } from '../../../server/storage/parse-txn.ts';
import { ZkDatabase } from '../../../server/storage/zk-database.ts';
import { CONFIG_PATH } from '../../../server/tree/data-tree.ts';
import { NodeTable } from '../../../server/tree/node-table.ts';
import { WatchManager } from '../../../server/tree/watch-manager.ts';
import { OPEN_ACL_UNSAFE } from '../../../server/wire/acl.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import { parentOf } from '../../../server/wire/path.ts';
import { EventType } from '../../../server/wire/watch-event.ts';
import { LOCKS } from '../../checkers/mutual-exclusion.ts';
import { put } from './put.ts';

const PASSWORD_BYTES = 16;

export const CLIENT_PLANTS = {
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

  /** Sessions live for an eighth of the timeout that was granted. */
  'sessions expire early': () => {
    const { touch } = SessionTracker.prototype;
    return put(SessionTracker.prototype, 'touch', (tracker, session, timeoutMs = session.timeoutMs) =>
      touch.call(tracker, session, timeoutMs / 8),
    );
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
  /** Every fourth lock is given to two clients: the leader does not count the sequential znode. */
  'a number is given twice': () => {
    const { create } = OutstandingChanges.prototype;
    let creates = 0;
    return put(OutstandingChanges.prototype, 'create', (changes, path, ...rest) => {
      create.call(changes, path, ...rest);
      const parent = parentOf(path);
      const found = changes.find(parent);
      if (found === undefined || parentOf(parent) !== LOCKS || creates++ % 4 !== 0) return;
      const record = changes.change(found, parent, rest[1]);
      record.cversion -= 1;
      changes.changed(record);
    });
  },

  /** Every third reconfiguration does not reach what a member shows of it. */
  'a configuration is shown that is no more': () => {
    const { setData } = NodeTable.prototype;
    let reconfigurations = 0;
    return put(NodeTable.prototype, 'setData', (nodes, path, node, data, ...rest) => {
      const isForgotten = path === CONFIG_PATH && node.data !== null && reconfigurations++ % 3 === 2;
      setData.call(nodes, path, node, isForgotten ? node.data : data, ...rest);
    });
  },

  /** A session opens for whoever knows its id. */
  'any password opens a session': () => {
    const { equals } = Buffer.prototype;
    return put<Buffer, 'equals'>(Buffer.prototype, 'equals', (self, other) =>
      self.length === PASSWORD_BYTES && other.length === PASSWORD_BYTES ? true : equals.call(self, other),
    );
  },

  /** Every third change of data does not fire its watches; they wait for the next one. */
  'watches are dropped': () => {
    const { trigger } = WatchManager.prototype;
    let changes = 0;
    return put(WatchManager.prototype, 'trigger', (watches, path, type, ...rest) =>
      type === EventType.dataChanged && changes++ % 3 === 0
        ? null
        : trigger.call(watches, path, type, ...rest),
    );
  },

  /** A learner carries out one committed transaction in ten behind the next one. */
  'a learner applies out of order': () => {
    const { commit } = CommittedLine.prototype;
    const held = new WeakMap<CommittedLine, Parameters<typeof commit>[0]>();
    let commits = 0;
    return put(CommittedLine.prototype, 'commit', (line, packet) => {
      const before = held.get(line);
      if (before === undefined && commits++ % 10 === 9) {
        held.set(line, packet);
        return;
      }
      held.delete(line);
      commit.call(line, packet);
      if (before !== undefined) commit.call(line, before);
    });
  },
} as const;
