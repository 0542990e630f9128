import type { Clock } from '../runtime/runtime.ts';
import type { Crowd, FiredEvent } from '../tree/fired-event.ts';
import type { Watcher } from '../tree/watcher.ts';
import { TURN_UNITS, type TurnBudget, Units, unitsOfBytes } from '../turns/turn-budget.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import { type EventLine, FLUSH_UNITS } from './event-line.ts';

/** Up to this many watchers are told at once, however many events there are. */
const FEW = 16;
/** Cost of the events checked for one watcher before the next watcher's turn. */
const VISIT_UNITS = 256;
/** Cost of checking whether one group of watchers has one watcher. */
const LOOK_UNITS = 0.1;

const MIB = 1024 * 1024;

export interface CrowdLimits {
  /** Memory of the waiting events at which no transaction is applied until watchers have been told. */
  readonly bytesMax: number;
  /**
   * The same memory, which only a single transaction with very many events can reach: every watcher is told
   * at once.
   */
  readonly atOnceBytes: number;
}

const CROWD_LIMITS: CrowdLimits = { bytesMax: 64 * MIB, atOnceBytes: 256 * MIB };

/**
 * Delivers events that concern many watchers in later turns. One multi can change a node 25,000 times that a
 * thousand clients watch. Each event is kept once, and each watcher is told of those that concern it in its
 * turn, or before the server answers it anything else.
 *
 * A watcher sets and removes watches only by requests, and it is told of all events so far before each of
 * them. So the watches that it has now are those it had when an event fired that it has not been told of.
 */
export class CrowdEvents implements Crowd {
  readonly #clock: Clock;
  readonly #turns: TurnQueue;
  readonly #line: EventLine;
  readonly #limits: CrowdLimits;
  #log: FiredEvent[] = [];
  #bytes = 0;
  /**
   * For each watcher that later events may concern, the number of events it is done with. In order of their
   * turns.
   */
  readonly #behind = new Map<Watcher, number>();
  /** Watchers that are done with all events. Later ones may concern them. */
  readonly #level = new Set<Watcher>();
  /** Groups of watchers that are all in one of the two tables. */
  readonly #entered = new Set<object>();
  readonly #tellNow = () => this.#tellInTurn();
  #isDue = false;

  constructor(
    parts: { readonly clock: Clock; readonly turns: TurnQueue },
    line: EventLine,
    limits: CrowdLimits = CROWD_LIMITS,
  ) {
    this.#clock = parts.clock;
    this.#turns = parts.turns;
    this.#line = line;
    this.#limits = limits;
  }

  /** Memory of the waiting events. Each is kept once, however many it concerns. */
  get bytes(): number {
    return this.#bytes;
  }

  /** No transaction may be applied before watchers have been told more. Each turn tells some. */
  get isFull(): boolean {
    return this.#bytes >= this.#limits.bytesMax;
  }

  /** Number of watchers that may still have to be told of something. */
  get length(): number {
    return this.#behind.size;
  }

  /** While one event waits, all later ones wait too. */
  takes(watchers: number): boolean {
    return this.#log.length > 0 || (watchers > FEW && !this.#line.hasRoomFor(watchers));
  }

  take(event: FiredEvent): void {
    const at = this.#log.push(event) - 1;
    this.#bytes += event.bytes;
    // Applying slows down to the rate at which watchers can be told.
    const { bytesMax, atOnceBytes } = this.#limits;
    this.#turns.applying.spend(this.#bytes < bytesMax / 2 ? event.watchersMax * Units.item : TURN_UNITS);
    for (const watcher of this.#level) this.#behind.set(watcher, at);
    this.#level.clear();
    for (const group of event.groups) {
      if (this.#entered.has(group)) continue;
      this.#entered.add(group);
      for (const watcher of group.keys()) if (!this.#behind.has(watcher)) this.#behind.set(watcher, at);
    }
    if (this.#bytes >= atOnceBytes) this.settle();
    else this.#expectTurn();
  }

  /** Called before anything is read or answered for `watcher`. */
  catchUp(watcher: Watcher): void {
    if (this.#log.length === 0) return;
    const from = this.#behind.get(watcher);
    if (from === undefined) {
      this.#level.add(watcher);
      return;
    }
    const { budget } = this.#turns;
    // The watcher stays among those behind, so that the events are kept even if others leave meanwhile.
    for (let at = from; at < this.#log.length; ) at = this.#tell(watcher, at, budget);
    if (!this.#behind.delete(watcher)) return;
    this.#level.add(watcher);
    this.#clearIfDone();
  }

  /** Another server takes the watchers over: they are told of everything that fired so far. */
  settle(): void {
    for (const watcher of [...this.#behind.keys()]) this.catchUp(watcher);
  }

  /** The watcher is gone. */
  forget(watcher: Watcher): void {
    this.#level.delete(watcher);
    if (this.#behind.delete(watcher)) this.#clearIfDone();
  }

  /** Tells `watcher` of some events, from number `from` on. Returns the number of the next. */
  #tell(watcher: Watcher, from: number, budget: TurnBudget): number {
    const log = this.#log;
    let units = 0;
    let at = from;
    while (at < log.length && units < VISIT_UNITS) {
      const event = log[at++]!;
      units += event.groups.length * LOOK_UNITS;
      if (!event.has(watcher)) continue;
      units += Units.item + unitsOfBytes(event.path.length);
      event.told++;
      if (event.suppressed?.has(watcher) !== true) this.#line.tell(watcher, event);
    }
    budget.spend(units);
    return at;
  }

  #expectTurn(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.inNextTurn(this.#tellNow);
  }

  #tellInTurn(): void {
    this.#isDue = false;
    const { telling, budget } = this.#turns;
    const startMs = this.#clock.monotonicMs();
    telling.saw(startMs);
    for (const [watcher, from] of this.#behind) {
      telling.spend(FLUSH_UNITS);
      const next = this.#tell(watcher, from, telling);
      // The watcher is gone when its connection was cut because of these events.
      if (this.#behind.delete(watcher)) {
        if (next < this.#log.length) this.#behind.set(watcher, next);
        else this.#level.add(watcher);
      }
      if (!telling.hasRoom()) break;
    }
    budget.extend(this.#clock.monotonicMs() - startMs);
    this.#clearIfDone();
    if (this.#behind.size > 0) this.#expectTurn();
  }

  #clearIfDone(): void {
    if (this.#behind.size > 0) return;
    for (const event of this.#log) event.count();
    this.#log = [];
    this.#bytes = 0;
    this.#level.clear();
    this.#entered.clear();
  }
}
