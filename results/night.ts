/** The schema of `night.json`: what a night ran and found, and how that differs from the night before. */
import { z } from 'zod';
import { count, text, timestamp } from './schema-values.ts';
import { EXIT_CODES, type ExitCode } from './verdicts.ts';

export const NIGHT_VERSION = 1;
export const NIGHT_FILE = 'night.json';

/** The parts that a night may run. */
export const NIGHT_PARTS = ['claims', 'chaos', 'sim'] as const;
/** A night also reports on `lab`: whether the lab's own process grew. */
const PARTS = [...NIGHT_PARTS, 'lab'] as const;

const part = z.strictObject({
  part: z.enum(PARTS),
  outcome: z.enum(['passed', 'failed', 'void', 'skipped']),
  seconds: z.number().nonnegative(),
  /** What was done, in one line; for `skipped` and `void`, why. */
  text,
  /** The folder with everything that the part left. */
  folder: text.optional(),
});

const finding = z.strictObject({
  part: z.enum(PARTS),
  /** Identifies the failure in every night. It contains no seed, number or address. */
  key: text,
  reasons: z.array(text),
  /** Runs it again. */
  command: text.optional(),
  /** Whether it came again when it was run again. */
  isConfirmed: z.boolean(),
  /** How often it was seen, and in how many runs. */
  seen: z.strictObject({ failed: count, of: count }).optional(),
  status: z.enum(['new', 'still', 'known']),
  /** The start of the first night of those in a row that had it. */
  since: timestamp,
  /** Why it is known. */
  known: text.optional(),
});

export const nightSchema = z.strictObject({
  nightVersion: z.literal(NIGHT_VERSION),
  id: text,
  startedAt: timestamp,
  endedAt: timestamp,
  /** Of the code; absent when it is unknown. */
  commit: text.optional(),
  budgetSeconds: z.number().positive(),
  exitCode: z.int().min(0).max(255),
  parts: z.array(part),
  findings: z.array(finding),
  /** What the night before found and this one did not, although it ran the same part. */
  mended: z.array(finding.pick({ part: true, key: true, since: true })),
  /** The night it was compared with; absent for the first. */
  last: text.optional(),
  /** The seeds of the simulation. Those that failed are run again in the next night. */
  sim: z.strictObject({ next: z.int(), failed: z.array(z.int()) }).optional(),
  interrupted: z.boolean().optional(),
});

export type Night = z.infer<typeof nightSchema>;
export type NightPart = Night['parts'][number];
export type Finding = Night['findings'][number];
/** A failure as one night sees it. */
export type Found = Omit<Finding, 'status' | 'since' | 'known'> & { readonly known?: string | undefined };

/** Failures that people know about. A key with `*` stands for all that it matches. */
export interface KnownFailure {
  readonly key: string;
  readonly reason: string;
}

/**
 * What is known from earlier nights: of each part the findings of the latest night that ran it. A night that
 * left a part out, or in which it was void, says nothing about its failures.
 * @param nights newest first
 */
export function earlierFindings(nights: Iterable<Pick<Night, 'findings' | 'parts'>>): Finding[] {
  const findings: Finding[] = [];
  const known = new Set<NightPart['part']>();
  for (const night of nights) {
    const ran = new Set(night.parts.filter(hasRun).map(({ part }) => part));
    findings.push(...night.findings.filter(({ part }) => !known.has(part) && ran.has(part)));
    for (const part of ran) known.add(part);
    if (NIGHT_PARTS.every(part => known.has(part))) break;
  }
  return findings;
}

function hasRun({ outcome }: NightPart): boolean {
  return outcome === 'passed' || outcome === 'failed';
}

/** Compares what was found with what earlier nights found. */
export function comparedWith(
  found: readonly Found[],
  parts: readonly NightPart[],
  {
    earlier,
    undecided = [],
    known,
    startedAt,
  }: {
    readonly earlier: readonly Finding[];
    /** Keys of which this night cannot say whether they fail: they are not mended. */
    readonly undecided?: readonly string[];
    readonly known: readonly KnownFailure[];
    readonly startedAt: string;
  },
): Pick<Night, 'findings' | 'mended'> {
  const before = new Map(earlier.map(each => [each.key, each]));
  const findings = found.map(({ known: itsOwn, ...each }): Finding => {
    const why = itsOwn ?? known.find(({ key }) => matches(key, each.key))?.reason;
    const first = before.get(each.key);
    const status = why !== undefined ? 'known' : first === undefined ? 'new' : 'still';
    return { ...each, status, since: first?.since ?? startedAt, ...(why !== undefined && { known: why }) };
  });
  const keys = new Set([...found.map(({ key }) => key), ...undecided]);
  const ran = new Set(parts.filter(hasRun).map(each => each.part));
  const mended = [...before.values()]
    .filter(each => !keys.has(each.key) && ran.has(each.part))
    .map(({ part, key, since }) => ({ part, key, since }));
  return { findings, mended };
}

function matches(pattern: string, key: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\?]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`).test(key);
}

/**
 * 0: nothing failed but what is known. 1: something failed that is not, new or not. 3: a part is void, or the
 * night was cut short, so that it shows less than it should.
 */
export function nightCode({
  findings,
  parts,
  interrupted,
}: Pick<Night, 'findings' | 'parts' | 'interrupted'>): ExitCode {
  if (findings.some(({ status }) => status !== 'known')) return EXIT_CODES.failed;
  const ran = parts.filter(({ outcome }) => outcome !== 'skipped');
  if (interrupted === true || ran.length === 0) return EXIT_CODES.void;
  return ran.some(({ outcome }) => outcome === 'void') ? EXIT_CODES.void : EXIT_CODES.holds;
}
