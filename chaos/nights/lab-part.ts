/**
 * What the lab's own process used over a night. Members live for one run; only the lab lives long enough to
 * show a slow leak.
 */
import { checkLeaks, leakLimits } from '../checkers/leaks.ts';
import type { ResourceSample } from '../checkers/run-record.ts';
import { keyOf } from './keys.ts';
import type { PartRun } from './parts.ts';

/** @param samples each part of the night under a name of its own, because parts differ in what they need */
export function labPart(samples: readonly ResourceSample[]): PartRun {
  const { valid, checked, reasons, notes = [] } = checkLeaks({ samples, ...leakLimits(samples, 0) });
  const about = { part: 'lab', seconds: 0 } as const;
  if (checked === 0)
    return {
      part: { ...about, outcome: 'skipped', text: 'no part lasted long enough to show whether memory grows' },
      found: [],
    };
  const outcome = { valid: 'passed', invalid: 'failed', unknown: 'void' } as const;
  const text = (valid === 'unknown' ? reasons : notes).join('; ');
  return {
    part: { ...about, outcome: outcome[valid], text: text === '' ? reasons.join('; ') : text },
    found:
      valid === 'invalid'
        ? reasons.map(reason => ({
            ...{ part: 'lab', key: `lab: ${keyOf(reason.replace(/ by .*/, ''))}` },
            ...{ reasons: [reason], isConfirmed: true },
          }))
        : [],
  };
}
