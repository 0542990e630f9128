import type { Interval, SequentialModel } from '../search.ts';

/** A register with compare-and-set by value, as the tests of public checkers have it; null at first. */
export type RegisterOp =
  | { readonly f: 'write'; readonly value: number }
  | { readonly f: 'read'; readonly value: number | null }
  | {
      readonly f: 'cas';
      readonly from: number;
      readonly value: number;
      readonly isDone: boolean | undefined;
    };

export const registerModel: SequentialModel<number | null, RegisterOp> = {
  step(state, op) {
    if (op.f === 'write') return op.value;
    if (op.f === 'read') return op.value === state ? state : undefined;
    const matches = state === op.from;
    if (op.isDone !== undefined && op.isDone !== matches) return undefined;
    return matches ? op.value : state;
  },
  keyOf: String,
  isPure: ({ f }) => f === 'read',
  kindOf: op => JSON.stringify(op),
};

/**
 * Reads a history in short: `3?w2` process 3 begins to write 2; `?r`, a read; `?c21`, a compare-and-set
 * from 2 to 1. Then `3!` ok, of a read with its value (`n` for null); `3-` fail; `3~` info. What has no end
 * has an unknown outcome.
 */
export function registerHistory(text: string): Interval<RegisterOp>[] {
  const intervals: Interval<RegisterOp>[] = [];
  const open = new Map<string, { readonly from: number; readonly asked: string }>();
  for (const [at, token] of text.trim().split(/\s+/).entries()) {
    const [, process = '', mark, rest = ''] = /^(\d+)([?!~-])(.*)$/.exec(token) ?? [];
    if (mark === '?') {
      open.set(process, { from: at, asked: rest });
      continue;
    }
    const begun = open.get(process);
    if (begun === undefined) throw new Error(`${token} ends nothing`);
    if (mark === '~') continue;
    open.delete(process);
    const isOk = mark === '!';
    const op = answered(begun.asked, isOk, rest);
    if (op !== undefined) intervals.push({ op, from: begun.from, to: at });
  }
  for (const { from, asked } of open.values())
    if (asked !== 'r') intervals.push({ op: unanswered(asked), from, to: undefined });
  return intervals;
}

function unanswered(asked: string): RegisterOp {
  const value = Number(asked.at(-1));
  return asked.startsWith('w')
    ? { f: 'write', value }
    : { f: 'cas', from: Number(asked[1]), value, isDone: undefined };
}

function answered(asked: string, isOk: boolean, value: string): RegisterOp | undefined {
  if (asked === 'r') return isOk ? { f: 'read', value: value === 'n' ? null : Number(value) } : undefined;
  const op = unanswered(asked);
  if (op.f === 'cas') return { ...op, isDone: isOk };
  return isOk ? op : undefined;
}
