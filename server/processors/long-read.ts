import type { DescendantCount, DescendantCounts } from '../tree/descendant-count.ts';
import type { Rearming } from '../tree/set-watches.ts';
import { type TurnBudget, Units, unitsOfBytes } from '../turns/turn-budget.ts';
import type { NameList } from './name-list.ts';
import { ReplyBody } from './reply-writer.ts';

/**
 * A read that may take more than its share of a turn. It continues in later turns until it is done. Requests
 * of the same session wait behind it; those of other sessions do not.
 */
export interface LongRead {
  /** The answer shows the zxid at which the read began, so events of later changes follow it. */
  readonly isOfItsBeginning: boolean;
  /** Bytes of the answer made so far. */
  readonly bytes: number;
  /**
   * Continues until the slice is over, or slightly longer. True when it is done. @throws JuteError as `read`
   * does
   */
  step(budget: TurnBudget): boolean;
  /** Called once the read is done. */
  writeTo(body: ReplyBody): void;
  /** Nobody waits for the answer any more. */
  cancel(): void;
}

/** Number of items between two checks of the budget. */
const ITEMS_PER_STEP = 256;

function stepUntilOver(budget: TurnBudget, step: (items: number) => boolean): boolean {
  do {
    const done = step(ITEMS_PER_STEP);
    budget.spend(ITEMS_PER_STEP * Units.item);
    if (done) return true;
  } while (!budget.sliceIsOver);
  return false;
}

/** getAllChildrenNumber of a large subtree. The count is that of the moment at which the read ends. */
export class CountRead implements LongRead {
  readonly isOfItsBeginning = false;
  readonly bytes = 0;
  readonly #counts: DescendantCounts;
  readonly #count: DescendantCount;

  constructor(counts: DescendantCounts, path: string) {
    this.#counts = counts;
    this.#count = counts.use(path);
  }

  step(budget: TurnBudget): boolean {
    return stepUntilOver(budget, nodes => this.#count.step(nodes));
  }

  writeTo(body: ReplyBody): void {
    body.writer.writeInt(this.#count.count);
    this.cancel();
  }

  cancel(): void {
    this.#counts.release(this.#count);
  }
}

/** A list of many names or paths, as of the beginning of the read. */
export class NamesRead implements LongRead {
  readonly isOfItsBeginning = true;
  readonly #list: NameList;
  /** The part of the answer that follows the names. */
  readonly #tail: Buffer;
  readonly #done: (list: NameList) => void;

  constructor(list: NameList, tail: Buffer, done: (list: NameList) => void = () => {}) {
    this.#list = list;
    this.#tail = tail;
    this.#done = done;
  }

  get bytes(): number {
    return this.#list.bytes;
  }

  step(budget: TurnBudget): boolean {
    return stepUntilOver(budget, names => this.#list.step(names));
  }

  writeTo(body: ReplyBody): void {
    this.#done(this.#list);
    for (const piece of this.#list.pieces) body.appendShared(piece);
    body.writer.writeRaw(this.#tail);
  }

  cancel(): void {}
}

/** setWatches of many paths. Its events precede its answer, as they do for a short list. */
export class RearmRead implements LongRead {
  readonly isOfItsBeginning = false;
  readonly bytes = 0;
  readonly #rearming: Rearming;

  constructor(rearming: Rearming) {
    this.#rearming = rearming;
  }

  step(budget: TurnBudget): boolean {
    return stepUntilOver(budget, paths => {
      // Setting a watch costs more than writing a name, because it goes into tables.
      budget.spend(paths * Units.item);
      return this.#rearming.step(paths);
    });
  }

  writeTo(): void {}
  cancel(): void {}
}

/**
 * 'end': the last part is done. 'part': another part follows. A LongRead: this part continues in later turns.
 */
export type PartRead = 'end' | 'part' | LongRead;

/** The rest of a multiRead that is more than a turn's work. Its parts may show several zxids. */
export class MultiRead implements LongRead {
  readonly isOfItsBeginning = false;
  readonly #body = new ReplyBody();
  readonly #readPart: (body: ReplyBody) => PartRead;
  #names: LongRead | null;

  /** `begun`: the part that continues, with the answer so far in `body` from `start` on. */
  constructor(
    readPart: (body: ReplyBody) => PartRead,
    begun: { readonly body: ReplyBody; readonly start: number; readonly names: LongRead | null },
  ) {
    this.#readPart = readPart;
    this.#body.append(begun.body, begun.start);
    this.#names = begun.names;
  }

  get bytes(): number {
    return this.#body.totalBytes + (this.#names?.bytes ?? 0);
  }

  step(budget: TurnBudget): boolean {
    do {
      if (this.#names !== null && !this.#namesDone(this.#names, budget)) return false;
      const before = this.#body.totalBytes;
      const part = this.#readPart(this.#body);
      budget.spend(Units.read + unitsOfBytes(this.#body.totalBytes - before));
      if (part === 'end') return true;
      if (part !== 'part') this.#names = part;
    } while (!budget.sliceIsOver);
    return false;
  }

  #namesDone(names: LongRead, budget: TurnBudget): boolean {
    if (!names.step(budget)) return false;
    names.writeTo(this.#body);
    this.#names = null;
    return true;
  }

  writeTo(body: ReplyBody): void {
    body.append(this.#body);
  }

  cancel(): void {}
}
