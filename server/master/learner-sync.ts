import { type ErrorCodeName, ServerError } from '../errors.ts';
import type { DiskDiff } from '../storage/disk-diff.ts';
import { JuteWriter } from '../wire/jute.ts';
import { PacketType, type QuorumPacket } from '../wire/quorum-packet.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { MasterContext } from '../zab/peer-context.ts';
import type { LearnerOutput } from './learner-output.ts';
import type { Standing, SyncPlace, SyncThrottlers } from './learner-sync-throttler.ts';
import type { LearnerTraffic } from './learner-traffic.ts';
import { needsDisk, planSync, type SyncPlan, type SyncQuestion } from './sync-plan.ts';
import { HistoryStream, SnapshotStream, type SyncStream } from './sync-stream.ts';

/** Of log read, or of a sync sent, in one turn of the loop: a few ms. */
const SLICE_BYTES = 256 * 1024;

const UNREADABLE: ReadonlySet<ErrorCodeName> = new Set(['ZK_DISK', 'ZK_LOG_CORRUPT', 'ZK_LOG_GAP']);

/** The learner that is brought up to date. */
export interface SyncedLearner {
  readonly sid: number;
  readonly isObserver: boolean;
  /** By the configuration of the master. */
  readonly isVoter: boolean;
  readonly host: string;
  close(reason: string): void;
}

/** What it needs of the handler of the learner. */
export interface SyncHost {
  readonly context: MasterContext;
  readonly throttlers: SyncThrottlers;
  readonly output: LearnerOutput;
  readonly traffic: LearnerTraffic;
  readonly learner: SyncedLearner;
  /** Live traffic after `lastSeenZxid` is held for it from here on. */
  register(lastSeenZxid: number): void;
  /** How it is synced; from here on it may answer. */
  announce(packet: QuorumPacket): void;
  /** The learner took something, or something was done for it. */
  onMoved(): void;
  /** All that it was to be brought has been handed to its connection. */
  onBrought(): void;
}

/**
 * Brings a learner to the history of its master: DIFF, TRUNC or SNAP, planned once and sent in slices, as
 * fast as the learner takes them. Live traffic is held meanwhile. When that becomes too much, as behind a
 * large snapshot on a slow link, it is let go, and what was committed follows from the log in another round:
 * however long a sync takes, it costs no memory, and it need not begin again.
 */
export class LearnerSync {
  readonly #host: SyncHost;
  /** The log being looked through for the plan, then what is being sent. */
  #diff: DiskDiff | null = null;
  #stream: SyncStream | null = null;
  #sliceQueued = false;
  /** Among those that are synced at a time. */
  #place: SyncPlace | null = null;
  /** What the learner has once the stream is over. */
  #through = 0;
  /** What was held is gone: it follows from the log. */
  #letGo = false;
  /** How it was brought up to date, for admin and the lab. */
  mode: SyncPlan['mode'] | null = null;
  /** Of snapshot and transactions, handed to the connection. */
  #bytes = 0;

  constructor(host: SyncHost) {
    this.#host = host;
  }

  get isSending(): boolean {
    return this.#stream !== null;
  }

  /**
   * What is asked and the registration are of one moment, with no commit between them: what comes later is
   * held.
   */
  begin(peerLastZxid: number): void {
    const { database, config } = this.#host.context;
    const { lastProcessedZxid, committedLog } = database;
    const question = {
      peerLastZxid,
      lastProcessedZxid,
      committed: {
        min: database.minCommittedZxid,
        max: database.maxCommittedZxid,
        zxids: Array.from({ length: committedLog.size }, (_, i) => committedLog.at(i).zxid),
      },
      forceSnapshot: config.forceSnapshotSync,
    };
    this.#register();
    const diff = needsDisk(question)
      ? this.#reading(() => database.readLogFrom(peerLastZxid, lastProcessedZxid))
      : null;
    if (diff === undefined) return;
    this.#diff = diff;
    if (diff === null) this.#bring(planSync({ ...question, disk: null }));
    else this.#readLog(diff, question);
  }

  /**
   * A file that cannot be read, for want of a descriptor perhaps, is the loss of this learner alone:
   * undefined, and it is sent away to come again.
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

  #register(): void {
    this.#through = this.#host.context.database.lastProcessedZxid;
    this.#letGo = false;
    this.#host.register(this.#through);
  }

  #readLog(diff: DiskDiff, question: Omit<SyncQuestion, 'disk'>): void {
    if (this.#diff !== diff) return;
    this.#host.onMoved();
    const more = this.#reading(() => diff.read(SLICE_BYTES));
    if (more === undefined) return;
    if (more) {
      this.#host.context.clock.after(0, () => this.#readLog(diff, question));
      return;
    }
    this.#diff = null;
    const plan = planSync({ ...question, disk: diff.around });
    // A snapshot has what was committed while the log was read: held is only what comes from here on.
    if (plan.mode === 'SNAP') this.#register();
    this.#bring(plan);
  }

  #bring(plan: SyncPlan): void {
    const { context, throttlers, learner } = this.#host;
    const { sid } = learner;
    const { database, lines, metrics } = context;
    const { mode } = plan;
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
    const zxid = mode === 'SNAP' ? database.lastProcessedZxid : plan.zxid;
    const fields = { learner: sid, zxid: zxidToHex(zxid) };
    lines.info(
      `syncs of ${learner.isObserver ? 'observers' : 'followers'}`,
      `${mode} to learner ${sid}`,
      fields,
    );
    if (mode === 'SNAP') this.#stream = new SnapshotStream(database);
    else if (plan.source !== 'none') this.#stream = this.#history(plan.after, false);
    this.#host.announce({ type: PacketType[mode], zxid, data: null, authinfo: null });
    if (this.#stream === null) this.#ended();
    else this.#sendSlice();
  }

  get #standing(): Standing {
    const { learner, context } = this.#host;
    if (learner.isVoter) return 'voter';
    const named = context.config.quorum?.config.servers.get(learner.sid);
    return named?.role === 'observer' ? 'observer' : 'other';
  }

  #history(after: number, asInform: boolean): HistoryStream {
    const { database } = this.#host.context;
    return new HistoryStream(database.history({ after, through: this.#through }), asInform);
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
      this.#ended();
    } else if (roomLeft) {
      this.#sliceQueued = true;
      context.clock.after(0, () => {
        this.#sliceQueued = false;
        this.#sendSlice();
      });
    }
  }

  #ended(): void {
    if (this.#letGo) {
      this.nextRound(false);
      return;
    }
    this.#place?.tookAll(this.#host.context.clock.monotonicMs());
    this.#host.onBrought();
  }

  /** The rest follows from the log: as a sync has it or, to an observer that serves already, as INFORM. */
  nextRound(asInform: boolean): void {
    const after = this.#through;
    this.#register();
    this.#stream = this.#history(after, asInform);
    this.#sendSlice();
  }

  /** What was held for it is gone. */
  letGo(): void {
    this.#letGo = true;
  }

  get hasLetGo(): boolean {
    return this.#letGo;
  }

  /** The learner has it all on its disk: another one may be synced. */
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
