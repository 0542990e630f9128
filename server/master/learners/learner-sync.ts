import { type ErrorCodeName, ServerError } from '../../errors.ts';
import type { SyncMode } from '../../metrics/server-events.ts';
import type { DiskDiff } from '../../storage/history/disk-diff.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { zxidToHex } from '../../wire/zxid.ts';
import type { MasterContext } from '../../zab/peer-context.ts';
import type { LearnerOutput } from './learner-output.ts';
import type { Standing, SyncPlace, SyncThrottlers } from './learner-sync-throttler.ts';
import type { LearnerTraffic } from './learner-traffic.ts';
import { HistoryStream, SnapshotStream, type SyncStream } from './sync-stream.ts';

/** Bytes of log read, or of a sync sent, in one turn of the loop: a few ms. */
const SLICE_BYTES = 256 * 1024;

const UNREADABLE: ReadonlySet<ErrorCodeName> = new Set(['ZK_DISK', 'ZK_LOG_CORRUPT', 'ZK_LOG_GAP']);

/** The learner that is being brought up to date. */
export interface SyncedLearner {
  readonly sid: number;
  readonly isObserver: boolean;
  /** A voter of the master's configuration. */
  readonly isVoter: boolean;
  /** An observer of the configuration, connected from its own address. */
  readonly isAtItsAddress: boolean;
  readonly host: string;
  close(reason: string): void;
}

/** What a sync needs of the learner's handler. */
export interface SyncHost {
  readonly context: MasterContext;
  readonly throttlers: SyncThrottlers;
  readonly output: LearnerOutput;
  readonly traffic: LearnerTraffic;
  readonly learner: SyncedLearner;
  /** The learner took something, or this server made progress for it. */
  onMoved(): void;
  /** Everything that the sync sends has been handed to its connection. */
  onBrought(): void;
}

/**
 * Brings a learner to the history of its master: sends a snapshot, or a part of the log, in slices and as
 * fast as the learner takes them. `MasterSide` decides which. Live traffic is held meanwhile. When too much
 * is held, as behind a large snapshot on a slow link, it is dropped, and what was committed follows from the
 * log in another round. However long a sync takes, it costs no memory, and it need not begin again.
 */
export class LearnerSync {
  readonly #host: SyncHost;
  /** The log that is read for the plan, and then the part of it that is being sent. */
  #diff: DiskDiff | null = null;
  #stream: SyncStream | null = null;
  #sliceQueued = false;
  /** The handler is being told that everything was sent, and may ask for more. */
  #isTelling = false;
  /** Its place among those that are being synced. */
  #place: SyncPlace | null = null;
  /** How it was brought up to date, for admin and the lab. */
  mode: SyncMode | null = null;
  /** Bytes of snapshot and transactions handed to the connection. */
  #bytes = 0;

  constructor(host: SyncHost) {
    this.#host = host;
  }

  get isSending(): boolean {
    return this.#stream !== null;
  }

  /**
   * Calls `done` with the zxids of the log from `after` on, or with null when a snapshot is the better way.
   */
  readLog(after: number, through: number, done: (zxids: readonly number[] | null) => void): void {
    const diff = this.#reading(() => this.#host.context.database.readLogFrom(after, through));
    if (diff === undefined) return;
    this.#diff = diff;
    if (diff === null) done(null);
    else this.#readOn(diff, done);
  }

  /**
   * A file that cannot be read, perhaps for want of a descriptor, costs this learner alone: the result is
   * undefined, and the learner is sent away to come again.
   */
  #reading<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ServerError && UNREADABLE.has(error.code))) throw error;
      this.#host.learner.close(`what it lacks cannot be read: ${error.message}`);
      return undefined;
    }
  }

  #readOn(diff: DiskDiff, done: (zxids: readonly number[] | null) => void): void {
    if (this.#diff !== diff) return;
    this.#host.onMoved();
    const more = this.#reading(() => diff.read(SLICE_BYTES));
    if (more === undefined) return;
    if (more) {
      this.#host.context.clock.after(0, () => this.#readOn(diff, done));
      return;
    }
    this.#diff = null;
    done(diff.around);
  }

  /** Closes the learner when the maximum number of learners are being synced. */
  begin(mode: SyncMode, zxid: number): void {
    const { context, throttlers, learner } = this.#host;
    const { sid } = learner;
    const { lines, metrics } = context;
    const throttler = throttlers[mode];
    const throttled = { standing: this.#standing, host: learner.host, close: learner.close.bind(learner) };
    const place = throttler.begin(throttled, context.clock.monotonicMs());
    if (place === null) {
      learner.close(`${throttler.syncsMax} learners are being synced, the most at a time (${throttler.key})`);
      return;
    }
    this.#place = place;
    this.mode = mode;
    metrics.counter(`${mode.toLowerCase()}_count`).add();
    const fields = { learner: sid, sync: mode, zxid: zxidToHex(zxid) };
    lines.info(
      `syncs of ${learner.isObserver ? 'observers' : 'followers'}`,
      `learner ${sid} is sent a ${mode}`,
      fields,
    );
  }

  get #standing(): Standing {
    const { learner } = this.#host;
    if (learner.isVoter) return 'voter';
    return learner.isAtItsAddress ? 'observer' : 'other';
  }

  bringSnapshot(): void {
    this.#bring(new SnapshotStream(this.#host.context.database));
  }

  bringHistory(after: number, through: number, asInform: boolean): void {
    this.#bring(new HistoryStream(this.#host.context.database.history({ after, through }), asInform));
  }

  /**
   * Another round begins in a later turn, because rounds that end at once would otherwise call each other
   * forever.
   */
  #bring(stream: SyncStream): void {
    this.#stream = stream;
    if (this.#isTelling) this.#sendSliceLater();
    else this.#sendSlice();
  }

  /** The connection takes more. */
  drained(): void {
    this.#sendSlice();
  }

  #sendSlice(): void {
    const stream = this.#stream;
    if (stream === null || this.#sliceQueued) return;
    const { output, traffic, context } = this.#host;
    this.#host.onMoved();
    const writer = new JuteWriter(SLICE_BYTES + 4096);
    const sent = (type: number, bytes: number): void => traffic.sent(type, bytes);
    const more = this.#reading(() => stream.next(writer, SLICE_BYTES, sent));
    if (more === undefined) return;
    this.#bytes += writer.length;
    this.#place?.took(writer.length, context.clock.monotonicMs());
    const roomLeft = output.writeSlice(writer.buffer, writer.length);
    if (!more) {
      this.#stream = null;
      stream.close();
      this.#isTelling = true;
      this.#host.onBrought();
      this.#isTelling = false;
    } else if (roomLeft) this.#sendSliceLater();
  }

  #sendSliceLater(): void {
    this.#sliceQueued = true;
    this.#host.context.clock.after(0, () => {
      this.#sliceQueued = false;
      this.#sendSlice();
    });
  }

  /** Nothing more than NEWLEADER will be sent to it. */
  broughtAll(): void {
    this.#place?.tookAll(this.#host.context.clock.monotonicMs());
  }

  /** The learner has everything on its disk, so another one may be synced. */
  learnerSynced(): void {
    const { context, learner } = this.#host;
    context.events.emit({
      kind: 'learnerSynced',
      learner: learner.sid,
      mode: this.mode ?? 'DIFF',
      bytes: this.#bytes,
    });
    this.#leavePlace();
  }

  #leavePlace(): void {
    this.#place?.end();
    this.#place = null;
  }

  close(): void {
    this.#leavePlace();
    this.#diff?.close();
    this.#diff = null;
    this.#stream?.close();
    this.#stream = null;
  }
}
