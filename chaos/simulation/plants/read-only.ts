/** Mistakes in members that serve read-only clients without a master. */
import { SessionReplies } from '../../../server/clients/requests/session-replies.ts';
import { WaitingSession } from '../../../server/clients/requests/waiting-session.ts';
import { ReadOnlyZooKeeperServer } from '../../../server/learner/read-only-zookeeper-server.ts';
import { ReadOnlyPhase } from '../../../server/quorum/read-only-phase.ts';
import { WatchManager } from '../../../server/tree/watch-manager.ts';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import { all, put, putGetter } from './put.ts';

export const READ_ONLY_PLANTS = {
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
    return all(
      putGetter(
        ReadOnlyZooKeeperServer.prototype,
        'lastProcessedZxid',
        server => server.parts.database.lastProcessedZxid,
      ),
      put(WaitingSession.prototype, 'problemWith', () => null),
    );
  },
} as const;
