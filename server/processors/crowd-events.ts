import type { Clock } from '../runtime/runtime.ts';
import type { Crowd, FiredEvent } from '../tree/fired-event.ts';
import type { Watcher } from '../tree/watcher.ts';
import { TURN_UNITS, Units } from '../turns/turn-budget.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import { type EventLine, FLUSH_UNITS } from './event-line.ts';

/** Up to this many watchers are told at once, however many events there are. */
const FEW = 16;
/** Number of events checked for one watcher before the next watcher's turn. */
const EVENTS_PER_VISIT = 1_024;
/** Cost of checking whether one event concerns one watcher. */
const LOOK_UNITS = 0.1;
/** While this many events wait, only one transaction is applied in a turn. */
const EVENTS_HIGH_WATER = 100_000;
/** Above this many events every watcher is told at once, so the log is bounded. */
const EVENTS_MAX = 500_000;

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
  #log: FiredEvent[] = [];
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

  constructor(parts: { readonly clock: Clock; readonly turns: TurnQueue }, line: EventLine) {
    this.#clock = parts.clock;
    this.#turns = parts.turns;
    this.#line = line;
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
    // Applying slows down to the rate at which watchers can be told.
    this.#turns.applying.spend(at < EVENTS_HIGH_WATER ? event.watchersMax * Units.item : TURN_UNITS);
    for (const watcher of this.#level) this.#behind.set(watcher, at);
    this.#level.clear();
    for (const group of event.groups) {
      if (this.#entered.has(group)) continue;
      this.#entered.add(group);
      for (const watcher of group.keys()) if (!this.#behind.has(watcher)) this.#behind.set(watcher, at);
    }
    if (this.#log.length >= EVENTS_MAX) for (const watcher of [...this.#behind.keys()]) this.catchUp(watcher);
    else this.#expectTurn();
  }

  /** Called before anything is read or answered for `watcher`. */
  catchUp(watcher: Watcher): void {
    if (this.#log.length === 0) return;
    const at = this.#behind.get(watcher);
    this.#behind.delete(watcher);
    this.#level.add(watcher);
    if (at === undefined) return;
    this.#turns.budget.spend(this.#tell(watcher, at, this.#log.length));
    this.#clearIfDone();
  }

  /** The watcher is gone. */
  forget(watcher: Watcher): void {
    this.#level.delete(watcher);
    if (this.#behind.delete(watcher)) this.#clearIfDone();
  }

  /** Returns the cost in units. */
  #tell(watcher: Watcher, from: number, to: number): number {
    const log = this.#log;
    let told = 0;
    for (let at = from; at < to; at++) {
      const event = log[at]!;
      if (!event.has(watcher)) continue;
      event.told++;
      told++;
      if (event.suppressed?.has(watcher) !== true) this.#line.tell(watcher, event);
    }
    return (to - from) * LOOK_UNITS + told * Units.item;
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
      const to = Math.min(this.#log.length, from + EVENTS_PER_VISIT);
      this.#behind.delete(watcher);
      if (to < this.#log.length) this.#behind.set(watcher, to);
      else this.#level.add(watcher);
      telling.spend(FLUSH_UNITS + this.#tell(watcher, from, to));
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
    this.#level.clear();
    this.#entered.clear();
  }
}
