import type { DescendantCount, DescendantCounts } from '../tree/descendant-count.ts';
import type { Rearming } from '../tree/set-watches.ts';
import { type TurnBudget, Units } from '../turns/turn-budget.ts';
import type { NameList } from './name-list.ts';
import { ReplyBody } from './reply-writer.ts';

/**
 * A read that may take more than its share of a turn. It is gone on with in later turns until it is done;
 * requests of the same session wait behind it, and those of others do not.
 */
export interface LongRead {
  /** The answer is of the zxid at which it began, so events of later changes come after it. */
  readonly isOfItsBeginning: boolean;
  /**
   * Goes on until the slice is over, or a little further. True when it is done. @throws JuteError as `read`
   * does
   */
  step(budget: TurnBudget): boolean;
  /** Once it is done. */
  writeTo(body: ReplyBody): void;
  /** Nobody waits for it any more. */
  cancel(): void;
}

/** Between two looks at the budget. */
const ITEMS_PER_STEP = 256;

function stepUntilOver(budget: TurnBudget, step: (items: number) => boolean): boolean {
  do {
    const done = step(ITEMS_PER_STEP);
    budget.spend(ITEMS_PER_STEP * Units.item);
    if (done) return true;
  } while (!budget.sliceIsOver);
  return false;
}

/** getAllChildrenNumber of a large subtree. The number is that of the moment at which it is done. */
export class CountRead implements LongRead {
  readonly isOfItsBeginning = false;
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

/** Names or paths, many of them, as they were at its beginning. */
export class NamesRead implements LongRead {
  readonly isOfItsBeginning = true;
  readonly #list: NameList;
  /** What follows the names. */
  readonly #tail: Buffer;
  readonly #done: (list: NameList) => void;

  constructor(list: NameList, tail: Buffer, done: (list: NameList) => void = () => {}) {
    this.#list = list;
    this.#tail = tail;
    this.#done = done;
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

/** setWatches of many paths. Its events come before its answer, as they do when it is short. */
export class RearmRead implements LongRead {
  readonly isOfItsBeginning = false;
  readonly #rearming: Rearming;

  constructor(rearming: Rearming) {
    this.#rearming = rearming;
  }

  step(budget: TurnBudget): boolean {
    return stepUntilOver(budget, paths => {
      // A watch takes longer than a name: it is put into tables.
      budget.spend(paths * Units.item);
      return this.#rearming.step(paths);
    });
  }

  writeTo(): void {}
  cancel(): void {}
}

/** multiRead of very many parts. */
export class MultiRead implements LongRead {
  readonly isOfItsBeginning = false;
  readonly #body = new ReplyBody();
  readonly #readPart: (body: ReplyBody) => boolean;

  /** `readPart` is true at the end. */
  constructor(readPart: (body: ReplyBody) => boolean) {
    this.#readPart = readPart;
  }

  step(budget: TurnBudget): boolean {
    return stepUntilOver(budget, parts => {
      for (let part = 0; part < parts; part++) if (this.#readPart(this.#body)) return true;
      budget.spend(parts * Units.read);
      return false;
    });
  }

  writeTo(body: ReplyBody): void {
    body.append(this.#body);
  }

  cancel(): void {}
}
