/** A gate: what may change from one side to the other. A YAML file, strictly checked. */
import { join } from 'node:path';
import { z } from 'zod';
import { checked } from '../checked.ts';
import { chooseClaims } from '../claims/index.ts';
import { includeKey } from '../included-yaml.ts';
import { NamedYaml } from '../named-yaml.ts';
import { UsageError } from '../usage-error.ts';

const PERCENT_MAX = 1_000;

const percent = z.number().min(0).max(PERCENT_MAX);
const undecided = z.enum(['pass', 'void', 'fail'], 'pass, void or fail');
const name = z.string().min(1);

const metricRule = z.strictObject({
  /** As in the result: writeThroughput, writeLatencyP99, ... */
  metric: name,
  /** All, if absent. */
  topology: name.optional(),
  condition: name.optional(),
  /** The allowed change for the worse; points for metrics in percent. */
  worsePercentMax: percent,
  /** What follows when the interval contains the limit: passed, void (exit code 3), or failed. */
  undecided: undecided.default('void'),
});

export const gateSchema = z
  .strictObject({
    include: includeKey,
    description: name.optional(),
    claims: z
      .strictObject({
        /** A claim that fails in b, is no known failure, and did not fail in a. */
        newFailures: z.enum(['fail', 'allow'], 'fail or allow').default('fail'),
        /** A claim that is void in b and was not in a. */
        newlyVoid: z.enum(['void', 'fail', 'allow'], 'void, fail or allow').default('void'),
        /** Ids of claims that must hold in b. */
        require: z.array(name).default([]),
      })
      .optional(),
    counts: z
      .strictObject({
        /** Of each exact count. Counts that depend on batches or on time are not judged. */
        growthPercentMax: percent.default(5),
        /** Names of counts that may grow. */
        except: z.array(name).default([]),
      })
      .optional(),
    metrics: z.array(metricRule).min(1).optional(),
  })
  .refine(({ claims, counts, metrics }) => claims ?? counts ?? metrics, {
    error: 'at least one of claims, counts, metrics',
  });

export type MetricRule = z.infer<typeof metricRule>;

type CountsRule = NonNullable<z.infer<typeof gateSchema>['counts']>;

/** With the place of each name that only the runs can confirm, for errors. */
export interface Gate extends Omit<z.infer<typeof gateSchema>, 'metrics' | 'counts'> {
  /** The file, or the option of the command line. */
  readonly source: string;
  readonly counts?: (CountsRule & { readonly exceptAt: readonly string[] }) | undefined;
  readonly metrics: readonly (MetricRule & { readonly at: string })[];
}

/** dist/bench/compare -> bench/compare/gates of the project. */
const GATES = new NamedYaml('gate', join(import.meta.dirname, '../../../bench/compare/gates'));

export function gateNames(): string[] {
  return GATES.names();
}

/** @param reference `default`, or the path of a YAML file. @throws UsageError with file, line and key */
export function readGate(reference: string): Gate {
  const { file, document, origin } = GATES.read(reference);
  const gate = checked(gateSchema, document, origin);
  for (const [index, id] of (gate.claims?.require ?? []).entries())
    requireClaim(id, origin.at('claims', 'require', index));
  const metrics = (gate.metrics ?? []).map((rule, index) => ({
    ...rule,
    at: origin.place(['metrics', index]),
  }));
  const counts = gate.counts && {
    ...gate.counts,
    exceptAt: gate.counts.except.map((_, index) => origin.at('counts', 'except', index)),
  };
  return { ...gate, source: file, counts, metrics };
}

/** A gate of claims that must hold, as `--require` gives them. @throws UsageError */
export function requiringGate(ids: readonly string[]): Gate {
  const wanted = ids.flatMap(text => text.split(',')).map(id => id.trim());
  for (const id of wanted) requireClaim(id, '--require');
  return {
    source: `--require ${wanted.join(',')}`,
    claims: { newFailures: 'allow', newlyVoid: 'allow', require: wanted },
    metrics: [],
  };
}

/** Joins two gates: the result refuses everything that either refuses. */
export function joinedGate(gate: Gate, requiring: Gate): Gate {
  const { claims } = gate;
  const required = requiring.claims?.require ?? [];
  return {
    ...gate,
    source: `${gate.source} ${requiring.source}`,
    claims: {
      newFailures: claims?.newFailures ?? 'allow',
      newlyVoid: claims?.newlyVoid ?? 'allow',
      require: [...new Set([...(claims?.require ?? []), ...required])],
    },
  };
}

function requireClaim(id: string, origin: string): void {
  try {
    chooseClaims(id);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${origin}: ${error.message}`);
  }
}
