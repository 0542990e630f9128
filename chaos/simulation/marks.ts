import type { ServerEvent } from '../../server/metrics/server-events.ts';
import { CLIENT_MARKS, type ClientMark } from '../workloads/clients/history-recorder.ts';
import { SECOND_ADDRESS } from './members/member.ts';
import { OBSERVER_MASTER_PORT } from './members/server-config.ts';

/**
 * Which rare situations a run reached. A swarm that never reaches a TRUNC does not test it, however many
 * seeds pass. Marks are counted from the events of the members, and the sum over a set of seeds shows what
 * was not reached.
 */
const MARKS = {
  'sync: DIFF': event => event.kind === 'syncBegun' && event.mode === 'DIFF',
  'sync: TRUNC': event => event.kind === 'syncBegun' && event.mode === 'TRUNC',
  'sync: SNAP': event => event.kind === 'syncBegun' && event.mode === 'SNAP',
  'sync: TRUNC impossible': event => event.kind === 'truncImpossible',
  'sync: interrupted, found at boot': event => event.kind === 'syncInterrupted',
  'sync: learner ahead of the leader': event => event.kind === 'learnerAhead',
  'epoch: led': event => event.kind === 'leading',
  'epoch: lost by its leader': event => event.kind === 'quorumLost',
  'quorum: a voter leads alone': event => event.kind === 'leadsAlone',
  'epoch: never formed': event => event.kind === 'quorumNotFormed',
  'election: support lost': event => event.kind === 'supportLost',
  'observer: behind an observer master': event =>
    event.kind === 'synced' && event.role === 'observer' && event.master?.port === OBSERVER_MASTER_PORT,
  'observer: hears proposals': event =>
    event.kind === 'synced' && event.role === 'observer' && event.hearsProposals,
  'addresses: synced through the second': event =>
    event.kind === 'synced' && event.master?.host.endsWith(SECOND_ADDRESS) === true,
  'disk: torn entry cut': event => event.kind === 'tornEntryCut',
  'disk: snapshot written': event => event.kind === 'snapshotWritten',
  'disk: snapshot damaged, older one taken': event => event.kind === 'snapshotPassedOver',
  'disk: stopped by ZK_DISK': event => event.kind === 'stopped' && event.code === 'ZK_DISK',
  'session: expired': event => event.kind === 'sessionExpired',
} satisfies Record<string, (event: ServerEvent) => boolean>;

/** Reached by what several events together mean; see `read-only-watch.ts`. */
const PHASE_MARKS = [
  'addresses: two for each member',
  'addresses: a leader while one is lost',
  'config: ensembles that are reconfigured',
  'config: changed',
  'config: refused',
  'config: outcome unknown',
  'quorum: groups',
  'quorum: two voters with an oracle',
  'quorum: the oracle authorised a voter',
  'read-only: observer begins',
  'read-only: voter begins',
  'read-only: sync held back',
  'read-only: held-back sync failed',
  'read-only: another master in time',
  'read-only: back',
  'read-only: dropped in a sync',
  'read-only: maxStaleMs over',
  'session: local',
  'session: made global',
] as const;

export type Mark = keyof typeof MARKS | ClientMark | (typeof PHASE_MARKS)[number];

/** How often each mark was reached. */
export class Marks {
  readonly #counts = new Map<string, number>();

  /** Called with every event of a member. */
  onEvent(event: ServerEvent): void {
    for (const [mark, isReached] of ENTRIES) if (isReached(event)) this.reach(mark);
  }

  reach(mark: Mark, times = 1): void {
    if (times > 0) this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + times);
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}

const NAMES: readonly Mark[] = [...(Object.keys(MARKS) as Mark[]), ...PHASE_MARKS, ...CLIENT_MARKS];
const ENTRIES = Object.entries(MARKS) as [Mark, (event: ServerEvent) => boolean][];

/** In the order above, with 0 for marks that were never reached. */
export function sumMarks(runs: Iterable<ReadonlyMap<string, number>>): Map<string, number> {
  const sum = new Map<string, number>(NAMES.map(mark => [mark, 0]));
  for (const run of runs) for (const [mark, count] of run) sum.set(mark, (sum.get(mark) ?? 0) + count);
  return sum;
}
