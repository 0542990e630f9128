import type { ServerEvents } from '../metrics/server-events.ts';
import type { Clock, Disk, Random } from '../runtime/runtime.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { SnapshotSchedule, type SnapshotScheduleConfig } from './snapshots/snapshot-schedule.ts';
import { SnapshotWriter } from './snapshots/snapshot-writer.ts';
import type { FlushDone } from './txn-log/file-txn-log.ts';

export interface SnapshotParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: ServerEvents;
}

/** What a snapshot holds. */
export interface SnapshotContent {
  readonly tree: DataTree;
  /** Global sessions: id to timeout in ms. */
  readonly sessionTimeouts: ReadonlyMap<bigint, number>;
}

/** The snapshots that a database writes: when one is due, and the one that is being written. */
export class DatabaseSnapshots {
  readonly schedule: SnapshotSchedule;
  readonly #parts: SnapshotParts;
  readonly #directory: string;
  #underWay: SnapshotWriter | null = null;

  constructor(parts: SnapshotParts, config: SnapshotScheduleConfig, directory: string) {
    this.#parts = parts;
    this.#directory = directory;
    this.schedule = new SnapshotSchedule(config, parts.random);
  }

  get isUnderWay(): boolean {
    return this.#underWay !== null;
  }

  /** Writes a snapshot in slices. Call it while none is under way. */
  write(content: SnapshotContent, digestEnabled: boolean, done: FlushDone): void {
    const { clock, events } = this.#parts;
    const startMs = clock.monotonicMs();
    const writer = this.#writerOf(content, digestEnabled);
    this.#underWay = writer;
    writer.start(error => {
      this.#underWay = null;
      if (error === undefined) {
        const ms = clock.monotonicMs() - startMs;
        events.emit({ kind: 'snapshotWritten', path: writer.path, bytes: writer.sizeBytes, ms });
      }
      done(error);
    });
  }

  /** Writes a snapshot before it returns. @throws ServerError ZK_DISK */
  writeNow(content: SnapshotContent, digestEnabled: boolean): void {
    this.#writerOf(content, digestEnabled).writeNow();
  }

  /** Gives up the snapshot under way, whose `done` is not called any more. */
  cancel(): void {
    this.#underWay?.cancel();
    this.#underWay = null;
  }

  #writerOf({ tree, sessionTimeouts }: SnapshotContent, digestEnabled: boolean): SnapshotWriter {
    const { disk, clock } = this.#parts;
    return new SnapshotWriter(
      { disk, clock, directory: this.#directory, digestEnabled },
      tree,
      sessionTimeouts,
    );
  }
}
