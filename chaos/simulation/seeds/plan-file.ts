import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { readGivenFile } from '../../../results/given-file.ts';
import { type Fault, faultSchema, type PlannedFault } from '../faults/index.ts';
import { ms, type Target } from '../faults/simulated-fault.ts';
import type { Shape } from '../shape.ts';

/** A seed, its ensemble and its faults. Failures are kept in this form and replayed from it. */
export interface Plan extends Shape {
  readonly seed: number;
  readonly faults: readonly PlannedFault[];
  /** Lines of zoo.cfg in place of those that the seed draws: it may have drawn others once. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Why the plan is kept, for the person who opens the file. */
  readonly reasons: readonly string[];
}

export class PlanFileError extends Error {
  constructor(path: string, problem: string) {
    super(`${path} is not a plan of a simulation: ${problem}`);
    this.name = 'PlanFileError';
  }
}

export const VOTERS_MAX = 9;
export const OBSERVERS_MAX = 20;
const SPARES_MAX = 10;
const BYTES_MAX = 16_777_216;

const schema = z.strictObject({
  seed: z.number().int(),
  voters: z.number().int().min(1).max(VOTERS_MAX),
  observers: z.number().int().min(0).max(OBSERVERS_MAX),
  groups: z.array(z.array(z.number().int())).optional(),
  weights: z.record(z.string(), z.number().int().nonnegative()).optional(),
  oracle: z.literal(true).optional(),
  spares: z.number().int().min(0).max(SPARES_MAX).optional(),
  networks: z.literal(2).optional(),
  faults: z.array(z.strictObject({ atMs: ms, durationMs: ms, fault: faultSchema })),
  settings: z.record(z.string(), z.string()).optional(),
  reasons: z.array(z.string()),
});

export function writePlan(path: string, plan: Plan): void {
  const { seed, voters, observers, groups, weights, oracle, spares, networks, faults, reasons } = plan;
  const written = { seed, voters, observers, groups, weights, oracle, spares, networks, faults, reasons };
  writeFileSync(path, `${JSON.stringify(written, null, 1)}\n`);
}

/** @throws PlanFileError naming what is wrong with the file */
export function readPlan(path: string): Plan {
  let document: unknown;
  try {
    document = JSON.parse(readGivenFile(path, BYTES_MAX).toString());
  } catch (error) {
    throw new PlanFileError(path, error instanceof Error ? error.message : String(error));
  }
  const result = schema.safeParse(document);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new PlanFileError(path, `${z.core.toDotPath(issue.path) || 'the whole'}: ${issue.message}`);
  }
  const plan = result.data;
  const members = plan.voters + plan.observers + (plan.spares ?? 0);
  const stranger = plan.groups?.flat().find(sid => sid < 1 || sid > members);
  if (stranger !== undefined)
    throw new PlanFileError(path, `groups name member ${stranger}; there are 1 to ${members}`);
  for (const [at, { fault }] of plan.faults.entries())
    for (const sid of sidsIn(fault))
      if (sid < 1 || sid > members)
        throw new PlanFileError(path, `faults[${at}] names member ${sid}; there are 1 to ${members}`);
  return plan;
}

/** The fields in which a fault of any kind names members. */
interface FaultOnMembers {
  readonly target?: Target;
  readonly from?: Target;
  readonly to?: Target;
  readonly side?: readonly Target[];
  readonly order?: readonly number[];
}

function sidsIn(fault: Fault): number[] {
  const { target, from, to, side = [], order = [] } = fault as FaultOnMembers;
  return [target, from, to, ...side, ...order].filter(one => typeof one === 'number');
}
