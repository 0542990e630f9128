/** What the schemas of a run are made of. */
import { z } from 'zod';

export const text = z.string().min(1);
export const count = z.int().nonnegative();
export const ms = z.number();
export const timestamp = z.iso.datetime({ offset: true });

/** Coverage of an interval when it is not 0.95. */
export const confidence = z.number().gt(0).lt(1).optional();

export const estimateSchema = z.strictObject({
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: count,
  confidence,
  unit: z.string(),
});
