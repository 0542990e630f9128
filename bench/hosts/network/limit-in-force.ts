/** Whether a device still has the bandwidth that it was given, from the answer of `tc -json qdisc show`. */
import { z } from 'zod';
import { bitsPerSecond } from './link-limits.ts';

const disciplines = z.array(
  z.object({ kind: z.string(), options: z.object({ rate: z.number().optional() }).optional() }),
);

/** tc rounds a rate to whole bytes per second. */
const ROUNDED = 0.001;

/** @throws Error when the answer is none of tc's */
export function isInForce(answer: string, bandwidth: string): boolean {
  const wanted = (bitsPerSecond(bandwidth) ?? Number.NaN) / 8;
  return disciplines
    .parse(JSON.parse(answer))
    .some(
      ({ kind, options }) =>
        kind === 'tbf' && Math.abs((options?.rate ?? Number.NaN) - wanted) <= wanted * ROUNDED,
    );
}
