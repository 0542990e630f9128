import { z } from 'zod';
import { EXIT_CODES, type ExitCode } from './verdicts.ts';

const COMPARISON_VERDICTS = ['better', 'worse', 'no difference shown', 'too few'] as const;

const side = z.strictObject({
  median: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.int().nonnegative(),
  /** Coverage of the interval when it is not 0.95. */
  confidence: z.number().gt(0).lt(1).optional(),
});

const row = z.strictObject({
  metric: z.string().min(1),
  topology: z.string().min(1),
  condition: z.string().min(1),
  unit: z.string(),
  higherIsBetter: z.boolean(),
  a: side,
  b: side,
  /** b over a, with its 95 % interval; null when a side has no median. */
  ratio: z
    .strictObject({ value: z.number(), low: z.number().nullable(), high: z.number().nullable() })
    .nullable(),
  /** Mann-Whitney U, two-sided, and the same after Holm's correction over all rows; null when too few. */
  pValue: z.number().min(0).max(1).nullable(),
  pHolm: z.number().min(0).max(1).nullable(),
  /** Whether b is better than a. */
  verdict: z.enum(COMPARISON_VERDICTS),
});

/** Two runs compared row by row. bench/stats computes the statistics; this is the form of the result. */
export const comparisonSchema = z.strictObject({
  schemaVersion: z.literal(1),
  a: z.strictObject({ id: z.string().min(1), label: z.string() }),
  b: z.strictObject({ id: z.string().min(1), label: z.string() }),
  /**
   * Why the rows do not measure the same thing, or not the servers: other loads, settings or topologies, a
   * busy machine. One sentence each.
   */
  unlike: z.array(z.string().min(1)),
  /** Why one of the runs does not count: it is void, or lacks what it was asked for. */
  voidReasons: z.array(z.string().min(1)),
  rows: z.array(row),
  /** Differences of machines, commits or suites that make the two hard to compare. */
  warnings: z.array(z.string().min(1)),
});

export type Comparison = z.infer<typeof comparisonSchema>;
export type ComparisonRow = Comparison['rows'][number];
export type ComparisonSide = z.infer<typeof side>;

/**
 * For a gate before a release. Runs that are void or unlike show nothing, and when no row could be judged,
 * nothing has passed.
 */
export function gateExitCode({ rows, unlike, voidReasons }: Comparison): ExitCode {
  if (unlike.length + voidReasons.length > 0) return EXIT_CODES.void;
  if (rows.some(({ verdict }) => verdict === 'worse')) return EXIT_CODES.failed;
  return rows.every(({ verdict }) => verdict === 'too few') ? EXIT_CODES.void : EXIT_CODES.holds;
}
