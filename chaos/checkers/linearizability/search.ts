/**
 * Decides whether operations that overlapped in time could have happened one after the other: a depth-first
 * search over orders that keeps the configurations it has seen. @see Wing and Gong, Testing and verifying
 * concurrent objects (1993), and Lowe, Testing for linearizability (2017)
 */

/** What operations do to a state, one at a time. */
export interface SequentialModel<State, Op> {
  /** The state behind the operation; undefined when it cannot have been answered so in this state. */
  step(state: State, op: Op): State | undefined;
  /** Equal for equal states, and for no others. */
  keyOf(state: State): string;
  /** Whether the operation leaves every state as it is. */
  isPure(op: Op): boolean;
  /** Equal for operations that, when nobody knows their answers, do the same to every state. */
  kindOf(op: Op): string;
  /**
   * Whether no order of what is left leads from this state to one in which the operation is answered so. Ends
   * a branch of the search early. @default never
   */
  isLost?(state: State, op: Op): boolean;
}

/** An operation in time. The moments may have any unit; two that are equal overlap. */
export interface Interval<Op> {
  readonly op: Op;
  readonly from: number;
  /** Undefined when the outcome is unknown: it takes effect at any time from then on, or never. */
  readonly to: number | undefined;
  readonly id?: number;
  /** It comes behind the one with this id, when that is among the others, although they overlap in time. */
  readonly behind?: number | undefined;
}

export interface SearchLimits {
  /** Configurations to keep, which bounds memory and time. */
  readonly configurationsMax: number;
}

/** `undecided`: the limit came first. */
export type Verdict = 'linearizable' | 'illegal' | 'undecided';

/** A configuration: what has been put in order, and the state behind it. */
interface Frame<State> {
  readonly state: State;
  /** Every answered operation before this place in `sure` is in order. */
  readonly base: number;
  /** What may come next: places in `sure`, and `-1 - place` in `open`. */
  readonly candidates: readonly number[];
  next: number;
  /** What was put in order to come here: the step itself, and pure operations behind it. */
  readonly added: readonly number[];
}

/**
 * @param onEnd called for each state behind all answered operations; the search goes on as long as it
 * returns false. @default the first state ends the search
 */
export function search<State, Op>(
  model: SequentialModel<State, Op>,
  initial: State,
  intervals: readonly Interval<Op>[],
  { configurationsMax }: SearchLimits,
  onEnd: (state: State) => boolean = () => true,
): Verdict {
  return new Search(model, intervals, configurationsMax, onEnd).run(initial);
}

class Search<State, Op> {
  readonly #model: SequentialModel<State, Op>;
  readonly #sure: readonly (Interval<Op> & { readonly to: number; readonly isPure: boolean })[];
  readonly #open: readonly (Interval<Op> & { readonly kind: number })[];
  /** For each of `sure` the place that it comes behind; -1 when it is free. */
  readonly #behind: readonly number[];
  readonly #isSureDone: Uint8Array;
  readonly #isOpenDone: Uint8Array;
  readonly #seen = new Set<string>();
  readonly #configurationsMax: number;
  readonly #onEnd: (state: State) => boolean;
  #sureDone = 0;

  constructor(
    model: SequentialModel<State, Op>,
    intervals: readonly Interval<Op>[],
    configurationsMax: number,
    onEnd: (state: State) => boolean,
  ) {
    this.#model = model;
    this.#configurationsMax = configurationsMax;
    this.#onEnd = onEnd;
    const kinds = new Map<string, number>();
    const numbered = (kind: string) => {
      const known = kinds.get(kind) ?? kinds.size;
      kinds.set(kind, known);
      return known;
    };
    const byBegin = [...intervals].sort((a, b) => a.from - b.from);
    this.#sure = byBegin.flatMap(each =>
      each.to === undefined ? [] : [{ ...each, to: each.to, isPure: model.isPure(each.op) }],
    );
    // A pure operation without an answer says nothing.
    this.#open = byBegin.flatMap(each =>
      each.to !== undefined || model.isPure(each.op)
        ? []
        : [{ ...each, kind: numbered(model.kindOf(each.op)) }],
    );
    const placeOf = new Map(this.#sure.flatMap(({ id }, place) => (id === undefined ? [] : [[id, place]])));
    this.#behind = this.#sure.map(({ behind }) => (behind === undefined ? -1 : (placeOf.get(behind) ?? -1)));
    this.#isSureDone = new Uint8Array(this.#sure.length);
    this.#isOpenDone = new Uint8Array(this.#open.length);
  }

  run(initial: State): Verdict {
    const stack: Frame<State>[] = [];
    let entered = this.#enter(initial, 0, []);
    for (;;) {
      if (entered === 'end' || entered === 'full') return entered === 'end' ? 'linearizable' : 'undecided';
      if (entered !== undefined) stack.push(entered);
      const frame = stack.at(-1);
      if (frame === undefined) return 'illegal';
      const candidate = frame.candidates[frame.next++];
      if (candidate === undefined) {
        this.#undo(frame.added);
        stack.pop();
        entered = undefined;
        continue;
      }
      const state = this.#model.step(frame.state, this.#at(candidate).op);
      if (state === undefined) {
        entered = undefined;
        continue;
      }
      this.#mark(candidate);
      entered = this.#enter(state, frame.base, [candidate]);
    }
  }

  /** Undefined when this configuration has been seen; then nothing of `added` stays in order. */
  #enter(state: State, from: number, added: number[]): Frame<State> | 'end' | 'full' | undefined {
    let base = from;
    let frontier = this.#frontier(base);
    // A pure operation may always come at once, because it changes nothing for those behind it.
    for (let isSettled = false; !isSettled; ) {
      isSettled = true;
      for (const place of frontier) {
        const { isPure, op } = this.#sure[place]!;
        if (!isPure || !this.#isFree(place) || this.#model.step(state, op) === undefined) continue;
        this.#mark(place);
        added.push(place);
        isSettled = false;
      }
      while (this.#isSureDone[base] === 1) base++;
      if (!isSettled) frontier = this.#frontier(base);
    }
    if (frontier.some(place => this.#model.isLost?.(state, this.#sure[place]!.op))) {
      this.#undo(added);
      return undefined;
    }
    if (this.#seen.size >= this.#configurationsMax) return 'full';
    const key = this.#key(base, state);
    const isNew = !this.#seen.has(key);
    this.#seen.add(key);
    if (isNew && this.#sureDone === this.#sure.length && this.#onEnd(state)) return 'end';
    if (!isNew || this.#sureDone === this.#sure.length) {
      this.#undo(added);
      return undefined;
    }
    return { state, base, candidates: this.#candidates(frontier), next: 0, added };
  }

  /** Answered operations that began before the first of them that is not in order ended. */
  #frontier(base: number): number[] {
    const places: number[] = [];
    let firstEnd = Number.POSITIVE_INFINITY;
    for (let place = base; place < this.#sure.length; place++) {
      const { from, to } = this.#sure[place]!;
      if (from > firstEnd) break;
      if (this.#isSureDone[place] === 1) continue;
      places.push(place);
      if (to < firstEnd) firstEnd = to;
    }
    return places.filter(place => this.#sure[place]!.from <= firstEnd);
  }

  /** Those that ended first come first, because that is mostly the order; then those that nobody knows of. */
  #candidates(frontier: readonly number[]): number[] {
    const endOf = (place: number) => this.#sure[place]!.to;
    const candidates = frontier
      .filter(place => !this.#sure[place]!.isPure && this.#isFree(place))
      .sort((a, b) => endOf(a) - endOf(b));
    const firstEnd = Math.min(...frontier.map(endOf));
    // Of those that do the same, the earliest stands for all: it could take the place of any other.
    const kinds = new Set<number>();
    for (const [place, { from, kind }] of this.#open.entries()) {
      if (from > firstEnd) break;
      if (this.#isOpenDone[place] === 1 || kinds.has(kind)) continue;
      kinds.add(kind);
      candidates.push(-1 - place);
    }
    return candidates;
  }

  #isFree(place: number): boolean {
    const behind = this.#behind[place] ?? -1;
    return behind < 0 || this.#isSureDone[behind] === 1;
  }

  #key(base: number, state: State): string {
    let key = `${base}`;
    let left = this.#sureDone - base;
    for (let place = base; left > 0; place++) {
      if (this.#isSureDone[place] !== 1) continue;
      key += `,${place - base}`;
      left--;
    }
    for (let place = this.#isOpenDone.indexOf(1); place >= 0; place = this.#isOpenDone.indexOf(1, place + 1))
      key += `;${place}`;
    return `${key} ${this.#model.keyOf(state)}`;
  }

  #at(candidate: number): Interval<Op> {
    return candidate >= 0 ? this.#sure[candidate]! : this.#open[-1 - candidate]!;
  }

  #mark(candidate: number): void {
    if (candidate < 0) this.#isOpenDone[-1 - candidate] = 1;
    else {
      this.#isSureDone[candidate] = 1;
      this.#sureDone++;
    }
  }

  #undo(added: readonly number[]): void {
    for (const candidate of added) {
      if (candidate < 0) this.#isOpenDone[-1 - candidate] = 0;
      else {
        this.#isSureDone[candidate] = 0;
        this.#sureDone--;
      }
    }
  }
}
