import type { Clock } from '../runtime/runtime.ts';
import type { FiredEvent } from '../tree/fired-event.ts';
import type { Watcher } from '../tree/watcher.ts';
import { Units } from '../turns/turn-budget.ts';
import type { TurnQueue } from '../turns/turn-queue.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteWriter } from '../wire/jute.ts';
import { Xid } from '../wire/opcodes.ts';
import { KeeperState, writeWatcherEvent } from '../wire/watch-event.ts';

/**
 * Number of events sent in the turn in which their watches fire: a few milliseconds of work, with one system
 * call for each client.
 */
export const EVENTS_AT_ONCE_MAX = 250;
/** Number of events sent to one client before the next client's turn. */
const EVENTS_PER_VISIT = 1_024;
/** Cost of the system call that sends a client its output: 20 to 30 µs for a client on the same machine. */
export const FLUSH_UNITS = 32;

/** A client for which watch events wait. */
export interface EventReceiver {
  /** Writes up to `max` of the oldest. Returns how many it wrote. */
  deliverEvents(max: number): number;
  readonly hasEventsWaiting: boolean;
}

/**
 * Sends watch events to clients. One write can fire a hundred thousand watches: what exceeds a turn's work is
 * sent in later turns, one client after the other. Events of one client keep their order, and no reply
 * overtakes them, because `ClientOutput` writes waiting events before it.
 */
export class EventLine {
  readonly #clock: Clock;
  readonly #turns: TurnQueue;
  /** Clients with waiting events, in the order of their turns. */
  readonly #waiting = new Set<EventReceiver>();
  readonly #deliverNow = () => this.#deliver();
  #isDue = false;
  /** The current turn. */
  #turn = -1;
  #passed = 0;
  /** State of the connection that events name. */
  #state: number = KeeperState.connected;
  /** The last event, kept because many watchers in a row get the same one. */
  #type = 0;
  #path: string | null = null;
  #frame: Buffer = EMPTY;
  /** The events delivered now have waited for their turn. */
  #isLate = false;

  constructor(parts: { readonly clock: Clock; readonly turns: TurnQueue }) {
    this.#clock = parts.clock;
    this.#turns = parts.turns;
  }

  /** Number of clients with waiting events. */
  get length(): number {
    return this.#waiting.size;
  }

  /**
   * Events name `state` from now on. It has to be the one that the clients were told: Java's client drops a
   * state event that names the state of the event before it.
   */
  nameState(state: number): void {
    this.#state = state;
    this.#path = null;
  }

  /** The frame of an event. Callers must not change it. */
  frameOf(type: number, path: string): Buffer {
    if (type !== this.#type || path !== this.#path) {
      const writer = new JuteWriter(64 + path.length);
      writer.writeInt(0).writeInt(Xid.notification).writeLong(-1).writeInt(ErrorCode.OK);
      writeWatcherEvent(writer, { type, state: this.#state, path });
      writer.patchInt(0, writer.length - LENGTH_BYTES);
      this.#type = type;
      this.#path = path;
      this.#frame = writer.toBuffer();
    }
    return this.#frame;
  }

  /** Whether one more event may be sent in this turn. */
  passes(): boolean {
    if (this.#isLate) return true;
    this.#beginTurn();
    return ++this.#passed <= EVENTS_AT_ONCE_MAX;
  }

  /** Whether this many events may be sent in this turn. */
  hasRoomFor(events: number): boolean {
    this.#beginTurn();
    return this.#passed + events <= EVENTS_AT_ONCE_MAX;
  }

  #beginTurn(): void {
    const { turns } = this.#clock;
    if (turns === this.#turn) return;
    this.#turn = turns;
    this.#passed = 0;
  }

  /** Tells `watcher` of an event that has waited. */
  tell(watcher: Watcher, event: FiredEvent): void {
    const { type, path, zxid, acl } = event;
    if (event.frame === null) {
      event.frame = this.frameOf(type, path);
    } else {
      this.#type = type;
      this.#path = path;
      this.#frame = event.frame;
    }
    this.#isLate = true;
    watcher.process(type, path, zxid, acl);
    this.#isLate = false;
  }

  /** From now on events of `receiver` wait. */
  enter(receiver: EventReceiver): void {
    this.#waiting.add(receiver);
    this.#expectTurn();
  }

  #expectTurn(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.inNextTurn(this.#deliverNow);
  }

  #deliver(): void {
    this.#isDue = false;
    const { applying, budget } = this.#turns;
    const startMs = this.#clock.monotonicMs();
    applying.saw(startMs);
    for (const receiver of this.#waiting) {
      this.#waiting.delete(receiver);
      // A reply may have sent them already.
      if (!receiver.hasEventsWaiting) continue;
      applying.spend(FLUSH_UNITS + receiver.deliverEvents(EVENTS_PER_VISIT) * Units.item);
      if (receiver.hasEventsWaiting) this.#waiting.add(receiver);
      if (!applying.hasRoom()) break;
    }
    budget.extend(this.#clock.monotonicMs() - startMs);
    if (this.#waiting.size > 0) this.#expectTurn();
  }
}

const LENGTH_BYTES = 4;
const EMPTY = Buffer.alloc(0);
