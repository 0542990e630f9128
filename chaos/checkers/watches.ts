import type { Checker } from './checker.ts';
import { CONFIG_PATH } from './configuration-text.ts';
import { type Judgement, judge } from './judgement.ts';
import type { SessionRecord, WatchEventName, WatchKind } from './run-record.ts';
import { ModelTree, type Touch, type Transaction } from './transaction.ts';

/** Which changes of its path a watch waits for. */
export const FIRED_BY: Readonly<Record<WatchKind, ReadonlySet<WatchEventName>>> = {
  data: new Set(['dataChanged', 'deleted', 'created']),
  exist: new Set(['created', 'dataChanged', 'deleted']),
  child: new Set(['childrenChanged', 'deleted']),
};

export const watches: Checker<'sessionRecords' | 'transactions'> = {
  name: 'watches',
  description: 'events that are lost, late, duplicated or invented, also across a move to another server',
  needs: ['sessionRecords', 'transactions'],
  check: ({ sessionRecords, transactions }) => checkWatches(sessionRecords, transactions),
};

/**
 * Checks the events of one-shot watches: none is lost, comes twice or has no cause. A client gets the event
 * of a change before any reply that is newer than the change, whichever server sends it. Replies behind an
 * event on the same connection are not older than its change. A session has no watches from its closeSession
 * on, though Apache ZooKeeper still refuses what its client sent behind that, with newer zxids.
 */
export function checkWatches(
  records: readonly SessionRecord[],
  transactions: readonly Transaction[],
): Judgement {
  const changes = changesByPath(transactions);
  const closed = new Map(
    transactions.flatMap(({ session, zxid, change }) =>
      change.f === 'closeSession' ? [[session, zxid]] : [],
    ),
  );
  const sessions = new Map<string, WatchingSession>();
  const reasons: string[] = [];
  for (const record of records) {
    let session = sessions.get(record.session);
    if (session === undefined) {
      session = new WatchingSession(changes, closed.get(record.session));
      sessions.set(record.session, session);
    }
    for (const complaint of session.see(record)) reasons.push(`session ${record.session} ${complaint}`);
  }
  return judge('watches', records.length, reasons);
}

interface ArmedWatch {
  readonly watch: WatchKind;
  readonly path: string;
  readonly zxid: number;
}

/** The watches of one session, as they should be after everything it has seen. */
class WatchingSession {
  readonly #changes: Changes;
  /** Zxid of its end. */
  readonly #closed: number;
  readonly #armed = new Map<string, ArmedWatch>();
  /**
   * Paths set again both as data and as child watch: a deletion meanwhile fires both, as in Apache ZooKeeper.
   */
  #toldTwice = new Set<string>();
  /** The newest change that this connection has reported. */
  #told = 0;

  constructor(changes: Changes, closed = Number.POSITIVE_INFINITY) {
    this.#changes = changes;
    this.#closed = closed;
  }

  see(record: SessionRecord): string[] {
    switch (record.kind) {
      case 'armed': {
        const key = `${record.watch} ${record.path}`;
        if (!this.#armed.has(key)) this.#armed.set(key, record);
        return [];
      }
      case 'moved':
        this.#move(record.kept);
        return [];
      case 'event':
        return this.#event(record.event, record.path);
      case 'reply':
        return [...this.#overdue(record.zxid), ...this.#early(record.zxid)];
    }
  }

  /** Events carry no zxid, so the next server may be behind what the last one reported. */
  #move(kept: readonly WatchKind[]): void {
    this.#told = 0;
    for (const [key, { watch }] of this.#armed) if (!kept.includes(watch)) this.#armed.delete(key);
    const isTwice = ({ watch, path }: ArmedWatch) => watch === 'data' && this.#armed.has(`child ${path}`);
    this.#toldTwice = new Set([...this.#armed.values()].filter(isTwice).map(({ path }) => path));
  }

  #event(event: WatchEventName, path: string): string[] {
    const fired = [...this.#armed].filter(([, w]) => w.path === path && FIRED_BY[w.watch].has(event));
    const causes = fired.map(([, w]) => firstAfter(this.#changes, w)).filter(zxid => zxid !== undefined);
    for (const [key] of fired) this.#armed.delete(key);
    // Apache ZooKeeper shows a configuration before its transaction; see `configurations.ts`.
    if (path !== CONFIG_PATH) this.#told = Math.max(this.#told, ...causes);
    if (causes.length > 0 || (event === 'deleted' && this.#toldTwice.delete(path))) return [];
    return [`was told ${event} of ${path} without a cause`];
  }

  #early(zxid: number): string[] {
    const told = this.#told;
    if (zxid >= told) return [];
    this.#told = 0;
    return [`was told of ${told} and then answered as of ${zxid}`];
  }

  #overdue(zxid: number): string[] {
    const complaints: string[] = [];
    for (const [key, armed] of this.#armed) {
      const due = firstAfter(this.#changes, armed);
      if (due === undefined || due > Math.min(zxid, this.#closed)) continue;
      this.#armed.delete(key);
      const { watch, path } = armed;
      complaints.push(
        `saw zxid ${zxid} before the event of its ${watch} watch on ${path}: armed at ${armed.zxid}, due at ${due}`,
      );
    }
    return complaints;
  }
}

type Changes = ReadonlyMap<string, readonly (Touch & { zxid: number })[]>;

function changesByPath(transactions: readonly Transaction[]): Changes {
  const byPath = new Map<string, (Touch & { zxid: number })[]>();
  const model = new ModelTree();
  for (const transaction of transactions) {
    for (const touch of model.apply(transaction)) {
      const list = byPath.get(touch.path);
      const change = { ...touch, zxid: transaction.zxid };
      if (list === undefined) byPath.set(touch.path, [change]);
      else list.push(change);
    }
  }
  return byPath;
}

function firstAfter(changes: Changes, { path, watch, zxid }: ArmedWatch): number | undefined {
  const list = changes.get(path) ?? [];
  let low = 0;
  for (let high = list.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.zxid ?? 0) <= zxid) low = middle + 1;
    else high = middle;
  }
  for (; low < list.length; low++) {
    const change = list[low];
    if (change !== undefined && FIRED_BY[watch].has(change.what)) return change.zxid;
  }
  return undefined;
}
