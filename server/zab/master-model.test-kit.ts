import type { MasterHistory } from './master-side.ts';

export interface MasterState {
  readonly name: 'leader' | 'observer master';
  /** @default false */
  readonly offersProposals?: boolean;
  readonly epoch: number;
  /** All that was ever committed. */
  readonly committed: number[];
  /** The oldest transaction in memory, and on disk. */
  memoryFrom: number;
  diskFrom: number;
  forceSnapshot: boolean;
}

/** What a master knows when it plans a learner's synchronisation. A transaction is its zxid. */
export class MasterModel {
  readonly state: MasterState;

  constructor(state: MasterState) {
    this.state = state;
  }

  get lastProcessedZxid(): number {
    return this.state.committed.at(-1) ?? 0;
  }

  get history(): MasterHistory {
    const { committed, memoryFrom, forceSnapshot } = this.state;
    const { lastProcessedZxid } = this;
    const zxids = committed.filter(zxid => zxid >= memoryFrom);
    const [min = lastProcessedZxid] = zxids;
    const max = zxids.at(-1) ?? lastProcessedZxid;
    return { lastProcessedZxid, committed: { min, max, zxids }, forceSnapshot };
  }

  /** The log from at or before `after` on; null when it does not reach back that far. */
  logFrom(after: number): number[] | null {
    const { committed, diskFrom } = this.state;
    const onDisk = committed.filter(zxid => zxid >= diskFrom);
    const reaches = onDisk[0] === committed[0] || (onDisk[0] ?? Number.POSITIVE_INFINITY) <= after;
    return reaches && after >= 0 ? onDisk : null;
  }

  committedIn({ after, through }: { after: number; through: number }): number[] {
    return this.state.committed.filter(zxid => zxid > after && zxid <= through);
  }
}
