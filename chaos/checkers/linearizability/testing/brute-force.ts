import type { Interval, SequentialModel } from '../search.ts';

/**
 * The definition of linearizability, word for word: some order of all answered operations and some of the
 * others that contradicts no real time and explains every answer. It tries all of them.
 */
export function isLinearizableByForce<State, Op>(
  model: SequentialModel<State, Op>,
  state: State,
  left: readonly Interval<Op>[],
): boolean {
  if (left.every(({ to }) => to === undefined)) return true;
  return left.some(next => {
    const others = left.filter(each => each !== next);
    const mayBeFirst = others.every(
      ({ to, id }) => (to === undefined || to >= next.from) && (id === undefined || id !== next.behind),
    );
    if (!mayBeFirst) return false;
    const after = model.step(state, next.op);
    return after !== undefined && isLinearizableByForce(model, after, others);
  });
}
