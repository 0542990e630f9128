import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress } from '../../../bench/hosts/ports.ts';
import { ZkClient } from '../../../bench/load/client/client.ts';
import { ZkClientError } from '../../../bench/load/client/client-error.ts';
import type { Address } from '../../../server/runtime/runtime.ts';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import type { HistoryEvent } from '../../checkers/history.ts';
import { waitMs } from '../../wait.ts';
import { withRoot } from '../clients/client-root.ts';
import type { Workload } from '../workload.ts';
import { Chapter, type ChapterOptions, rootOf } from './chapter.ts';

export interface LiveWorkloadOptions {
  /** Client ports of all members. A client moves to the next one when its server goes away. */
  readonly servers: readonly Address[];
  readonly seed: string;
  /** @default 5000 */
  readonly sessionTimeoutMs?: number;
  /** Of the run. The history is written there while it happens. @default nowhere, in one chapter */
  readonly folder?: string;
  /** @default CHAPTER_EVENTS_MAX */
  readonly chapterEventsMax?: number;
}

/** A history with so many events is followed by another one. Checkers take about 1 KiB of memory for each. */
const CHAPTER_EVENTS_MAX = 200_000;
/** While no next chapter can begin, because nobody serves, the load pauses at this multiple. */
const OVERLONG = 2;
/** For the requests under way when a chapter ends, and its last reads. */
const CHAPTER_END_MAX_MS = 30_000;
const POLL_MS = 10;
const RETRY_MS = 200;
const ATTEMPT_MAX_MS = 5_000;

/**
 * Runs a workload on real servers, from this process. Clients, load and history are those of a simulation, so
 * the same checkers judge it. Its own creates make the registers.
 */
export class LiveWorkload {
  readonly workload: Workload;
  readonly folder: string | undefined;
  readonly #time: { readonly nowMs: number };
  readonly #options: Omit<ChapterOptions, 'number' | 'root' | 'fromZxid'>;
  readonly #eventsMax: number;
  readonly #chapters: Chapter[] = [];
  readonly #over = new AbortController();
  /** The end of the chapter before, and the begin of the next one. */
  #turning: Promise<void> | undefined;
  #closing: Promise<void> = Promise.resolve();
  #lastEventMs = 0;
  #isRestoring = false;
  #problem: string | undefined;

  /** @param given options of the workload that replace its defaults */
  constructor(workload: Workload, options: LiveWorkloadOptions, given: object = {}) {
    const {
      servers,
      seed,
      sessionTimeoutMs = 5_000,
      folder,
      chapterEventsMax = CHAPTER_EVENTS_MAX,
    } = options;
    this.workload = workload;
    this.folder = folder;
    this.#eventsMax = folder === undefined ? Number.POSITIVE_INFINITY : chapterEventsMax;
    const startMs = performance.now();
    this.#time = {
      get nowMs() {
        return performance.now() - startMs;
      },
    };
    const ofWorkload = workload.schema.parse(given) as object;
    const onEvent = () => this.#onEvent();
    const time = this.#time;
    const kept = new Map<string, string>();
    this.#options = { workload, ofWorkload, servers, seed, sessionTimeoutMs, folder, time, kept, onEvent };
    this.#begin('', 0);
  }

  get chapters(): readonly Chapter[] {
    return this.#chapters;
  }

  /** Paths of the registers of all chapters, whose versions count the writes. */
  get paths(): readonly string[] {
    return this.#chapters.flatMap(({ root, registers }) => registers.map(path => withRoot(root, path)));
  }

  /** Why the history on disk, or the load, is not whole; undefined when both are. */
  get problem(): string | undefined {
    return this.#problem ?? this.#chapters.map(({ problem }) => problem).find(each => each !== undefined);
  }

  /** Clients that this machine lacks, in words. */
  get skipped(): readonly string[] {
    return this.#chapters[0]?.skipped ?? [];
  }

  /** Ms on the clock of the history. */
  get nowMs(): number {
    return this.#time.nowMs;
  }

  /** Ms since 1970 of 0 ms on that clock. */
  get startedAtMs(): number {
    return Date.now() - this.nowMs;
  }

  /** Of the last event of any history. */
  get lastEventMs(): number {
    return this.#lastEventMs;
  }

  get acknowledgedWrites(): number {
    return this.#chapters.reduce((sum, each) => sum + each.acknowledgedWrites, 0);
  }

  /** The history of each chapter, in their order, one at a time. */
  async *histories(): AsyncGenerator<readonly HistoryEvent[]> {
    for (const chapter of this.#chapters) yield (await chapter.record()).history;
  }

  /** When the first write that began at `fromMs` or later was acknowledged, for one that began lately. */
  firstWriteAfter(fromMs: number): number | undefined {
    return this.#chapters.map(each => each.firstWriteAfter(fromMs)).find(each => each !== undefined);
  }

  /** @throws Error when fewer than `count` more writes are acknowledged within the deadline */
  async untilAcknowledged(count: number, deadlineMs: number): Promise<void> {
    const wanted = this.acknowledgedWrites + count;
    const giveUpAt = performance.now() + deadlineMs;
    while (this.acknowledgedWrites < wanted) {
      if (performance.now() > giveUpAt) {
        const missing = wanted - this.acknowledgedWrites;
        throw new Error(`${missing} of ${count} writes were not acknowledged within ${deadlineMs} ms`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Its clients make the ensemble what it was before the load, if they have changed it. */
  restore(): void {
    this.#isRestoring = true;
    for (const chapter of this.#chapters) chapter.restore();
  }

  get isRestored(): boolean {
    return this.#chapters.every(chapter => chapter.isRestored);
  }

  /**
   * Sends no more requests but its last reads. Settles when all are answered, or given up at the deadline,
   * and the sessions are closed.
   */
  async stop(deadlineMs: number): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#chapters.map(chapter => chapter.end(deadlineMs)));
    await this.#turning;
    await this.#closing;
  }

  #begin(root: string, fromZxid: number): Chapter {
    const chapter = new Chapter({ ...this.#options, number: this.#chapters.length + 1, root, fromZxid });
    this.#chapters.push(chapter);
    if (this.#isRestoring) chapter.restore();
    return chapter;
  }

  #onEvent(): void {
    this.#lastEventMs = this.nowMs;
    const present = this.#chapters.at(-1);
    if (present === undefined || present.events < this.#eventsMax || this.#over.signal.aborted) return;
    this.#turning ??= this.#turn(present)
      .catch((error: Error) => {
        this.#problem = `the load ended after chapter ${present.number}: ${error.message}`;
        present.pause();
      })
      .finally(() => {
        if (this.#problem === undefined) this.#turning = undefined;
      });
    if (present.events >= OVERLONG * this.#eventsMax) present.pause();
  }

  /** Begins the next chapter while the present one goes on, and then ends that. */
  async #turn(present: Chapter): Promise<void> {
    await this.#closing;
    if (present.problem !== undefined) throw new Error(present.problem);
    const root = rootOf(present.number + 1);
    const fromZxid = await this.#prepared(root);
    if (fromZxid === undefined || this.#over.signal.aborted) return;
    this.#begin(root, fromZxid);
    this.#closing = present
      .end(CHAPTER_END_MAX_MS)
      .then(() => present.putAway())
      .catch((error: Error) => {
        this.#problem ??= `chapter ${present.number} was not put away: ${error.message}`;
      });
  }

  /** Creates what a chapter expects. Returns the zxid of its root; undefined when the load is over first. */
  async #prepared(root: string): Promise<number | undefined> {
    const { servers, workload, ofWorkload } = this.#options;
    const { signal } = this.#over;
    for (let at = 0; !signal.aborted; at++) {
      const address = formatAddress(servers[at % servers.length]!);
      try {
        return await withClient(address, signal, async client => {
          await createdOnce(client, root);
          const { czxid } = (await client.getData(root)).stat;
          await createNodes(client, workload, ofWorkload, root);
          return czxid;
        });
      } catch {
        // Its server may be the target of a fault; the next one may be not.
        await waitMs(RETRY_MS, signal);
      }
    }
    return undefined;
  }
}

/** Prepares a workload, and creates the znodes that it expects, except its registers. */
export async function prepareNodes(address: string, workload: Workload, given: object = {}): Promise<void> {
  const ofWorkload = workload.schema.parse(given) as object;
  await workload.prepare?.(ofWorkload);
  const client = await ZkClient.connect(address);
  try {
    await createNodes(client, workload, ofWorkload, '');
  } finally {
    await client.close();
  }
}

async function createNodes(
  client: ZkClient,
  workload: Workload,
  ofWorkload: object,
  root: string,
): Promise<void> {
  const registers = new Set(workload.registers(ofWorkload));
  for (const path of workload.setup(ofWorkload))
    if (!registers.has(path)) await createdOnce(client, withRoot(root, path));
}

/** Creates the znode, which an earlier attempt may have created already. */
async function createdOnce(client: ZkClient, path: string): Promise<void> {
  await client.create(path).catch((error: unknown) => {
    if (!(error instanceof ZkClientError) || error.code !== ErrorCode.NODEEXISTS) throw error;
  });
}

async function withClient<T>(
  address: string,
  signal: AbortSignal,
  body: (client: ZkClient) => Promise<T>,
): Promise<T> {
  const limits = { connectTimeoutMs: ATTEMPT_MAX_MS, operationTimeoutMs: ATTEMPT_MAX_MS };
  const client = await ZkClient.connect(address, limits);
  try {
    return await body(client);
  } finally {
    await Promise.race([client.close(), waitMs(ATTEMPT_MAX_MS, signal)]);
    client.destroy();
  }
}
