import type { Address } from '../runtime/runtime.ts';

export type SyncMode = 'DIFF' | 'TRUNC' | 'SNAP';

/** Events in the life of a server that a person may want to see. None of them happens once per request. */
export type ServerEvent =
  // Elections and roles.
  | { readonly kind: 'looking'; readonly zxid: number; readonly epoch: number }
  | {
      readonly kind: 'elected';
      readonly state: 'LEADING' | 'FOLLOWING' | 'OBSERVING';
      readonly leader: number;
      readonly tookMs: number;
    }
  /** The voters that elected a leader look for another while it forms its epoch. */
  | { readonly kind: 'supportLost' }
  /** A quorum has promised to follow this server in the epoch. */
  | { readonly kind: 'newEpoch'; readonly epoch: number }
  /** A learner has a longer history than its leader. */
  | { readonly kind: 'learnerAhead'; readonly learner: number }
  /** initLimit has passed before a quorum of learners synced. */
  | { readonly kind: 'quorumNotFormed'; readonly epoch: number }
  /** The epoch is established: a quorum has synced with this server. */
  | { readonly kind: 'leading'; readonly epoch: number; readonly syncedAfterMs: number }
  /** One of two voters has lost the other, and the oracle authorises it. */
  | { readonly kind: 'leadsAlone'; readonly epoch: number }
  /** An established leader no longer hears from a quorum. */
  | { readonly kind: 'quorumLost'; readonly epoch: number }
  | { readonly kind: 'leadingEnds'; readonly epoch: number; readonly reason: string }
  | {
      readonly kind: 'learningEnds';
      readonly role: 'follower' | 'observer';
      readonly master: Address | null;
      readonly reason: string;
    }
  /** A configuration is in force here. A server that is in neither list has no vote. */
  | {
      readonly kind: 'configured';
      readonly version: number;
      readonly role: 'participant' | 'observer';
      readonly voters: readonly number[];
      readonly observers: readonly number[];
    }
  // Synchronisation: first the learner's side, then the master's side.
  | {
      readonly kind: 'syncBegun';
      readonly mode: SyncMode;
      readonly zxid: number;
      readonly lastLogged: number;
    }
  /** The files here do not have the state that a TRUNC asks for: the next sync is a SNAP. */
  | { readonly kind: 'truncImpossible'; readonly zxid: number }
  /**
   * `hearsProposals`: its master sends PROPOSAL and COMMIT from now on, else INFORM. `bytes`: the size of the
   * snapshot and the transactions received.
   */
  | {
      readonly kind: 'synced';
      readonly role: 'follower' | 'observer';
      readonly hearsProposals: boolean;
      readonly epoch: number;
      readonly master: Address | null;
      readonly mode: SyncMode | null;
      readonly bytes: number;
      readonly tookMs: number;
    }
  | {
      readonly kind: 'learnerSynced';
      readonly learner: number;
      readonly mode: SyncMode;
      readonly bytes: number;
    }
  /** Found at the start: the process had ended during a sync. */
  | {
      readonly kind: 'syncInterrupted';
      readonly current: number;
      readonly epoch: number;
      readonly announced: number;
    }
  // Clients.
  /** The role that serves clients from now on; null when none does. */
  | {
      readonly kind: 'serving';
      readonly mode: 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only' | null;
    }
  /** An observer has lost its master, or a member has no leader, and serves read-only clients alone. */
  | { readonly kind: 'readOnlyBegins'; readonly zxid: number }
  /**
   * `ageMs`: since it last heard from a master; in upstream's mode, since it began to look for a leader.
   * `reason` why the clients were closed; null: all goes on.
   */
  | { readonly kind: 'readOnlyEnds'; readonly ageMs: number; readonly reason: string | null }
  | { readonly kind: 'sessionExpired'; readonly id: bigint }
  /** A connection too many, a session that cannot be served here, or an authentication that failed. */
  | {
      readonly kind: 'clientRefused';
      readonly from: string;
      readonly session: string | null;
      readonly reason: string;
    }
  // The commit stream of an observer.
  /** The broker has everything up to `zxid`, or nothing, and takes more. */
  | { readonly kind: 'streamOpened'; readonly stream: string; readonly zxid: number | null }
  /** Nothing is sent until a later attempt succeeds. The same reason is told once. */
  | { readonly kind: 'streamFailed'; readonly stream: string; readonly reason: string }
  /** The stream says of itself that it lacks the transactions after `after`, up to `through`. */
  | {
      readonly kind: 'streamGap';
      readonly stream: string;
      readonly after: number;
      readonly through: number;
      readonly reason: 'start' | 'lost';
    }
  /** The broker has a later transaction than this observer, which sends nothing until it has passed it. */
  | {
      readonly kind: 'streamAhead';
      readonly stream: string;
      readonly stored: number;
      readonly committed: number;
    }
  // Disk.
  | { readonly kind: 'snapshotWritten'; readonly path: string; readonly bytes: number; readonly ms: number }
  | { readonly kind: 'snapshotPassedOver'; readonly path: string; readonly reason: string }
  | {
      readonly kind: 'tornEntryCut';
      readonly path: string;
      readonly offset: number;
      readonly reason: string;
    }
  | { readonly kind: 'purged'; readonly removed: number; readonly oldestKept: string }
  /** As `digest_mismatches_count`, but once per run of mismatches. */
  | { readonly kind: 'treeDiffers'; readonly difference: Readonly<Record<string, unknown>> }
  /** The server cannot keep its guarantees any more. */
  | {
      readonly kind: 'stopped';
      readonly code: string;
      readonly message: string;
      readonly details: Readonly<Record<string, unknown>>;
    };

export type EventListener = (event: ServerEvent) => void;

/**
 * Distributes the events of a server. Log lines, metrics, the simulation and the lab are made from these, so
 * that none of them has to read the text of another. A listener only observes: it must not throw, nor call
 * back into the emitter.
 */
export class ServerEvents {
  readonly #listeners: readonly EventListener[];

  constructor(...listeners: readonly EventListener[]) {
    this.#listeners = listeners;
  }

  emit(event: ServerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
