import type { Checker } from './checker.ts';
import { type HistoryEvent, isWrite } from './history.ts';
import { judge } from './judgement.ts';

/** After the last heal the ensemble serves again, and a write that begins then commits in time. */
export const liveness: Checker<'history' | 'aftermath'> = {
  name: 'liveness after heal',
  description: 'an ensemble that does not serve again after every fault is healed',
  needs: ['history', 'aftermath'],
  check({ history, aftermath: { healedAtMs, recoverMaxMs, notServing } }) {
    const wroteAtMs = firstWriteAfter(history, healedAtMs);
    const reasons = notServing === undefined ? [] : [notServing];
    if (wroteAtMs === undefined)
      reasons.push(`no write committed within ${recoverMaxMs} ms of the last heal`);
    else if (wroteAtMs - healedAtMs > recoverMaxMs)
      reasons.push(
        `the first write committed ${Math.round(wroteAtMs - healedAtMs)} ms after the last heal; at most ${recoverMaxMs} ms are accepted`,
      );
    return judge('liveness after heal', 1, reasons);
  },
};

/** When the first write that began at `fromMs` or later was acknowledged. */
export function firstWriteAfter(history: readonly HistoryEvent[], fromMs: number): number | undefined {
  const begun = new Set<number>();
  for (const { f, timeMs, type, operation } of history) {
    if (timeMs < fromMs || !isWrite(f)) continue;
    if (type === 'invoke') begun.add(operation);
    else if (type === 'ok' && begun.has(operation)) return timeMs;
  }
  return undefined;
}
