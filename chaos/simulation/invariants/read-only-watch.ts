import type { ServerEvent, SyncMode } from '../../../server/metrics/server-events.ts';
import type {
  OutageEnd,
  ReaderConnection,
  ReadOnlyOutage,
  ReadOnlyRecord,
  Trouble,
} from '../../checkers/read-only-record.ts';
import type { Marks } from '../marks.ts';

/** What has happened since an observer lost its master. */
interface Outage {
  readonly fromMs: number;
  readonly lastPacketMs: number;
  /** Clients were told. */
  isTold: boolean;
  /** Of the sync under way; null while it looks for a master. */
  sync: SyncMode | null;
  hasSynced: boolean;
}

interface ObserverView {
  serves: boolean;
  outage: Outage | undefined;
  /** When it last read a packet of any master. */
  heardMs: number;
  /** The same, of the master that it had when it last served with one. */
  lastPacketMs: number;
}

/**
 * Follows members that read on without a master by their events, and makes of them the outages that the
 * checkers judge. Members do not notice.
 */
export class ReadOnlyWatch {
  readonly #nowMs: () => number;
  readonly #marks: Marks;
  readonly #observers = new Map<string, ObserverView>();
  readonly #outages: ReadOnlyOutage[] = [];
  readonly #troubles: Trouble[] = [];
  readonly #inTrouble = new Map<string, number>();
  readonly #expired = new Map<string, number>();

  /** `observers`: names of the members that serve read-only clients without a master. */
  constructor(nowMs: () => number, marks: Marks, observers: readonly string[]) {
    this.#nowMs = nowMs;
    this.#marks = marks;
    for (const name of observers)
      this.#observers.set(name, {
        ...{ serves: false, outage: undefined },
        ...{ heardMs: Number.NaN, lastPacketMs: Number.NaN },
      });
  }

  reads(member: string): boolean {
    return this.#observers.has(member);
  }

  onMasterPacket(member: string): void {
    const view = this.#observers.get(member);
    if (view === undefined) return;
    view.heardMs = this.#nowMs();
    if (view.serves && view.outage === undefined) view.lastPacketMs = view.heardMs;
  }

  onEvent(member: string, event: ServerEvent): void {
    if (event.kind === 'sessionExpired')
      this.#expired.set(BigInt.asUintN(64, event.id).toString(16), this.#nowMs());
    const view = this.#observers.get(member);
    if (view !== undefined) this.#onObserver(member, view, event);
    else if (event.kind === 'readOnlyBegins') this.#marks.reach('read-only: voter begins');
  }

  /** The member is down or stands still, until `onWell`. */
  onTrouble(member: string, isDown: boolean): void {
    if (!this.#inTrouble.has(member)) this.#inTrouble.set(member, this.#nowMs());
    const view = this.#observers.get(member);
    if (!isDown || view === undefined) return;
    if (view.outage !== undefined) this.#end(member, view, view.outage, 'down');
    view.serves = false;
  }

  onWell(member: string): void {
    const fromMs = this.#inTrouble.get(member);
    if (fromMs === undefined) return;
    this.#inTrouble.delete(member);
    this.#troubles.push({ member, fromMs, untilMs: this.#nowMs() });
  }

  /** What there is to judge, at the end of the run. */
  record(
    connections: readonly ReaderConnection[],
    given: Pick<ReadOnlyRecord, 'limits' | 'areUpgraded'>,
  ): ReadOnlyRecord {
    for (const [member, view] of this.#observers)
      if (view.outage !== undefined) this.#end(member, view, view.outage, 'open');
    for (const { end } of this.#outages) {
      if (end === 'dropped in a sync') this.#marks.reach('read-only: dropped in a sync');
      if (end === 'dropped') this.#marks.reach('read-only: maxStaleMs over');
    }
    for (const member of [...this.#inTrouble.keys()]) this.onWell(member);
    return {
      ...{ ...given, connections },
      ...{ outages: this.#outages, troubles: this.#troubles, expired: this.#expired },
    };
  }

  #onObserver(member: string, view: ObserverView, event: ServerEvent): void {
    const { outage } = view;
    switch (event.kind) {
      case 'learningEnds':
        if (outage !== undefined) this.#syncEnds(outage);
        else if (view.serves) view.outage = this.#begin(view);
        return;
      case 'readOnlyBegins':
        if (outage !== undefined) outage.isTold = true;
        this.#marks.reach('read-only: observer begins');
        return;
      case 'syncBegun':
        if (outage !== undefined) this.#syncBegins(outage, event.mode);
        else if (event.mode === 'TRUNC') this.#toldOfTrunc(member);
        return;
      case 'synced':
        if (outage !== undefined) outage.hasSynced = true;
        return;
      case 'serving':
        if (outage === undefined) this.#serves(view, event.mode === 'observer');
        else if (event.mode === null) this.#drops(member, view, outage);
        else if (outage.hasSynced) this.#servesAgain(member, view, outage);
        return;
      default:
    }
  }

  #begin({ lastPacketMs }: ObserverView): Outage {
    const fromMs = this.#nowMs();
    return { fromMs, lastPacketMs, isTold: false, sync: null, hasSynced: false };
  }

  #syncBegins(outage: Outage, mode: SyncMode): void {
    outage.sync = mode;
    outage.hasSynced = false;
    if (mode === 'DIFF') this.#marks.reach('read-only: sync held back');
  }

  #syncEnds(outage: Outage): void {
    if (outage.sync === 'DIFF') this.#marks.reach('read-only: held-back sync failed');
    outage.sync = null;
    outage.hasSynced = false;
  }

  #drops(member: string, view: ObserverView, outage: Outage): void {
    const inSync = outage.sync !== null && outage.sync !== 'DIFF';
    this.#end(member, view, outage, inSync ? 'dropped in a sync' : 'dropped');
    view.serves = false;
  }

  /** A log is cut before its sync is told of, in the same turn. */
  #toldOfTrunc(member: string): void {
    const last = this.#outages.at(-1);
    if (last?.member !== member || last.end !== 'dropped' || last.untilMs !== this.#nowMs()) return;
    this.#outages[this.#outages.length - 1] = { ...last, end: 'dropped in a sync' };
  }

  #servesAgain(member: string, view: ObserverView, outage: Outage): void {
    const isSameTree = outage.sync === null || outage.sync === 'DIFF';
    this.#marks.reach(outage.isTold ? 'read-only: back' : 'read-only: another master in time');
    this.#end(member, view, outage, isSameTree ? 'back' : 'kept');
    this.#serves(view, true);
  }

  #serves(view: ObserverView, serves: boolean): void {
    view.serves = serves;
    if (serves) view.lastPacketMs = view.heardMs;
  }

  #end(member: string, view: ObserverView, { fromMs, lastPacketMs }: Outage, end: OutageEnd): void {
    this.#outages.push({ member, lastPacketMs, fromMs, untilMs: this.#nowMs(), end });
    view.outage = undefined;
  }
}
