/** The form of a comparison. `bench/compare` makes it, and `dashboards/compare` shows it. */
import { z } from 'zod';
import { estimateSchema } from './schema-values.ts';
import { EXIT_CODES, type ExitCode, WORST_FIRST } from './verdicts.ts';

export const COMPARISON_SCHEMA_VERSION = 2;

/** What became of a verdict from a to b, the news first. */
export const CHANGES = [
  'newly fails',
  'newly void',
  'no longer decided',
  'now a known failure',
  'now holds',
  'newly decided',
  'no longer void',
  'only in b',
  'only in a',
  'unchanged',
] as const;
export type Change = (typeof CHANGES)[number];

/**
 * Of a row, worst first. `no difference`: the whole interval is within the margin. `no difference shown`: the
 * interval decides nothing. `void`: most rounds of a side are void.
 */
export const ROW_VERDICTS = [
  'worse',
  'better',
  'no difference shown',
  'no difference',
  'too few',
  'void',
] as const;
export type RowVerdict = (typeof ROW_VERDICTS)[number];

/**
 * Of an exact count, findings first. `free`: it depends on the time, or on how writes were batched, so that
 * another value is no finding.
 */
export const COUNT_VERDICTS = ['grew', 'shrank', 'only in a', 'only in b', 'same', 'free'] as const;

/** What a differing condition makes incomparable: nothing, all times, or everything. */
const MATTERS = ['no', 'times', 'all'] as const;
export type Matters = (typeof MATTERS)[number];

const text = z.string().min(1);
const count = z.int().nonnegative();

const side = z.strictObject({
  /** One run, or the runs that are pooled; oldest first. */
  runs: z.array(text).min(1),
  suite: z.string(),
  commit: z.string(),
  /** Load average, use and steal in a few words; empty if no run recorded them. */
  machine: z.string(),
  /** Runs that do not count, and why. */
  leftOut: z.array(z.strictObject({ id: text, reason: text })),
});

const condition = z.strictObject({
  what: text,
  a: z.string(),
  b: z.string(),
  matters: z.enum(MATTERS),
});

const verdict = z.strictObject({
  standing: z.enum(WORST_FIRST),
  reason: z.string(),
  estimate: estimateSchema.optional(),
  /** For several runs: how many came to which verdict, such as "holds in 5, void in 1". */
  tally: text.optional(),
});

const claim = z.strictObject({
  kind: z.enum(['claim', 'checker']),
  /** Of a claim; of a checker its name. */
  id: text,
  title: text,
  a: verdict.nullable(),
  b: verdict.nullable(),
  change: z.enum(CHANGES),
});

const exactCount = z.strictObject({
  name: text,
  topology: text,
  condition: text,
  /** Null if that side did not count it. */
  a: z.number().nullable(),
  b: z.number().nullable(),
  /** b over a; null without both, or when a is 0. */
  ratio: z.number().nullable(),
  verdict: z.enum(COUNT_VERDICTS),
});

/** b over a, or b less a in the unit of the metric, with the ends of its interval; null is open. */
const change = z.strictObject({
  scale: z.enum(['ratio', 'difference']),
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Coverage of the interval. */
  confidence: z.number().gt(0).lt(1),
});

/** The mean of a side (of ratios the geometric mean), over `n` rounds, starts or runs. */
const level = z.strictObject({
  value: z.number().nullable(),
  n: count,
  of: z.enum(['rounds', 'starts', 'runs']),
});

const row = z.strictObject({
  metric: text,
  topology: text,
  condition: text,
  unit: z.string(),
  higherIsBetter: z.boolean(),
  a: level,
  b: level,
  change: change.nullable(),
  /** The smallest change that would have been shown nine times out of ten, on the scale of `change`. */
  detectable: z.number().nullable(),
  /** The changes that count as none, on the scale of `change`. */
  margin: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  verdict: z.enum(ROW_VERDICTS),
});

/** One line for all cells of the primary metric of a family. */
const family = z.strictObject({
  name: text,
  metric: text,
  /** Of the metric, short. */
  label: text,
  verdict: z.enum(ROW_VERDICTS),
  /** How many cells were judged together; the level of each is divided by it. */
  cells: count,
  /** The cell that decides, judged at that level. */
  shown: row,
});

const comparison = z.strictObject({
  a: side,
  b: side,
  conditions: z.array(condition),
  /** What the differing conditions keep from being compared. */
  withheld: z.enum(['nothing', 'times', 'all']),
  /** Conditions that matter were overruled (`--anyway`). */
  anyway: z.boolean(),
  /** Why a side does not count. */
  voidReasons: z.array(text),
  /** What the intervals do not contain, and what could not be matched. */
  warnings: z.array(text),
  claims: z.array(claim),
  counts: z.array(exactCount),
  families: z.array(family),
  rows: z.array(row),
});

const gateItem = z.strictObject({
  /** `claims`, `counts`, `metrics` or `runs`. */
  section: text,
  what: text,
  /** `undecided`: nothing was shown, and the gate lets that pass or not. `known`: a known failure. */
  outcome: z.enum(['passed', 'known', 'undecided', 'failed', 'void']),
  reason: text,
  /** Place in the gate file. */
  at: text.optional(),
});

const gate = z.strictObject({
  /** The file, or the options of the command line. */
  source: text,
  /** One list for each comparison. */
  items: z.array(z.array(gateItem)),
});

export const comparisonDocumentSchema = z.strictObject({
  schemaVersion: z.literal(COMPARISON_SCHEMA_VERSION),
  /** Probability of a wrong "better" of a row that did not change, and likewise of a wrong "worse". */
  level: z.number().gt(0).lt(0.5),
  /** The first side against each of the others. */
  comparisons: z.array(comparison).min(1),
  gate: gate.nullable(),
  exitCode: z.int().min(0).max(3),
});

export type ComparisonDocument = z.infer<typeof comparisonDocumentSchema>;
export type Comparison = z.infer<typeof comparison>;
export type ComparisonSide = z.infer<typeof side>;
export type Condition = z.infer<typeof condition>;
export type ComparedClaim = z.infer<typeof claim>;
export type ComparedVerdict = z.infer<typeof verdict>;
export type ComparedCount = z.infer<typeof exactCount>;
export type ComparedRow = z.infer<typeof row>;
export type ComparedChange = z.infer<typeof change>;
export type ComparedFamily = z.infer<typeof family>;
export type GateItem = z.infer<typeof gateItem>;

/** Without a gate nothing fails. What cannot be compared is void. */
export function comparisonExitCode(comparisons: readonly Comparison[]): ExitCode {
  const isVoid = comparisons.some(
    ({ withheld, voidReasons }) => withheld !== 'nothing' || voidReasons.length > 0,
  );
  return isVoid ? EXIT_CODES.void : EXIT_CODES.holds;
}

/**
 * A failure is one whatever else could not be decided, except of runs that do not count at all. When nothing
 * could be decided, nothing has passed.
 */
export function gateExitCode(items: readonly GateItem[]): ExitCode {
  if (items.some(({ section, outcome }) => section === 'runs' && outcome === 'void')) return EXIT_CODES.void;
  if (items.some(({ outcome }) => outcome === 'failed')) return EXIT_CODES.failed;
  const isVoid =
    items.some(({ outcome }) => outcome === 'void') || items.every(({ outcome }) => outcome === 'undecided');
  return isVoid ? EXIT_CODES.void : EXIT_CODES.holds;
}
