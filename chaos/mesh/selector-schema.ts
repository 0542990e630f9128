/** The schema of selectors as people write them in suites and schedules. */
import { z } from 'zod';
import { CLIENT, LINK_KINDS } from './link.ts';
import type { Selector, Target } from './select.ts';

const target: z.ZodType<Target> = z.union(
  [
    z.literal('any'),
    z.literal(CLIENT),
    z.strictObject({ role: z.string() }),
    z.strictObject({ name: z.union([z.string(), z.array(z.string()).min(1)]) }),
    z.strictObject({ dc: z.string() }),
  ],
  { error: `any, ${CLIENT}, { role: observer }, { name: [v1, v2] }, or { dc: paris }` },
);

export const selectorSchema: z.ZodType<Selector> = z.strictObject({
  from: target,
  to: target,
  both: z.boolean().default(false),
  kinds: z.array(z.enum(LINK_KINDS)).optional(),
});
