import { formatNumber } from '../../results/number-text.ts';
import type { Claim, Judgement } from './claim.ts';

/**
 * After each heal a write must commit. When the ensemble of a run never came back, the run has no result at
 * all.
 */
export const livenessAfterHeal: Claim = {
  id: 'L1',
  title: 'After every fault is healed, writes commit again',
  source: 'zklab’s own; ZOOKEEPER-2845, 3911, 4394: members that never came back',
  hypothesis: 'After each heal a write commits, and every member serves, before the deadline',
  metric: 'writeAfterHeal, slowest',
  unit: 'ms',
  control: 'none; the deadline is the bound',
  needs: [],
  judge({ result }): Judgement {
    const healed = result.measurements.filter(({ metric }) => metric === 'writeAfterHeal');
    const values = healed.flatMap(({ samples }) => samples.map(({ value }) => value));
    const evidence = healed.map(({ id }) => id);
    const failed = healed.flatMap(({ summary }) => summary.warnings);
    if (failed.length > 0) return { verdict: 'fails', reason: `${failed[0]}.`, evidence };
    if (values.length === 0)
      return { verdict: 'not shown here', reason: 'This run healed no fault.', evidence };
    const slowest = Math.max(...values);
    return {
      verdict: 'holds',
      reason: `After each of ${values.length} heals a write committed, the slowest after ${formatNumber(slowest)} ms.`,
      // The slowest of all values is not an estimate, so it has no interval.
      estimate: { value: slowest, low: null, high: null, n: values.length, unit: 'ms' },
      evidence,
    };
  },
};
