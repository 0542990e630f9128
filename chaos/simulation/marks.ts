/**
 * What a run got to. A swarm that never reaches a TRUNC does not test it, however many seeds are green; so each of
 * these is counted, from the log lines of the members, and the sum over a set of seeds shows what was not reached.
 */
const MARKS = {
  'sync: DIFF': 'DIFF from the master',
  'sync: TRUNC': 'TRUNC from the master',
  'sync: SNAP': 'SNAP from the master',
  'sync: TRUNC impossible': 'the files here cannot give the state',
  'sync: interrupted, found at boot': 'a sync was interrupted',
  'sync: learner ahead of the leader': 'is ahead: epoch',
  'epoch: led': 'info leading epoch=',
  'epoch: lost by its leader': 'leading ends: no quorum of learners is heard from',
  'epoch: never formed': 'no quorum of learners synced within',
  'election: support lost': 'those who elected this server look for another leader',
  'observer: behind an observer master': ':2191',
  'disk: torn entry cut': 'the log ends in a torn entry',
  'disk: snapshot written': 'snapshot written',
  'disk: snapshot damaged, older one taken': 'snapshot passed over',
  'disk: stopped by ZK_DISK': 'the server stops: cannot',
  'session: expired': 'session expired',
} as const;

export type Mark = keyof typeof MARKS | 'watch: event' | 'watch: set again after a move';

/** How often each was reached. */
export class Marks {
  readonly #counts = new Map<string, number>();

  /** A log line of a member. */
  onLine(line: string): void {
    for (const [mark, text] of ENTRIES) if (line.includes(text)) this.reach(mark);
  }

  reach(mark: Mark): void {
    this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + 1);
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}

const ENTRIES = Object.entries(MARKS) as [Mark, string][];

/** In the order above, those that were never reached with 0. */
export function sumMarks(runs: Iterable<ReadonlyMap<string, number>>): Map<string, number> {
  const sum = new Map<string, number>(Object.keys(MARKS).map(mark => [mark, 0]));
  for (const run of runs) for (const [mark, count] of run) sum.set(mark, (sum.get(mark) ?? 0) + count);
  return sum;
}
