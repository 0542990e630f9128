import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Fault, PlannedFault, Target } from './fault.ts';
import { MOMENTS } from './moments.ts';

/** A seed, the size of its ensemble and the faults it is run with: what a failure is kept as, and run again from. */
export interface Plan {
  readonly seed: number;
  /** Members 1 to this; the observers follow. */
  readonly voters: number;
  readonly observers: number;
  readonly faults: readonly PlannedFault[];
  /** Why it is kept, for the person who opens the file. */
  readonly reasons: readonly string[];
}

export class PlanFileError extends Error {
  constructor(path: string, problem: string) {
    super(`${path} is no plan of a simulation: ${problem}`);
    this.name = 'PlanFileError';
  }
}

export const VOTERS_MAX = 9;
export const OBSERVERS_MAX = 20;

const ms = z.number().nonnegative();
const target = z.union([z.number().int(), z.literal('leader')]);
const how = z.enum(['refuse', 'blackhole']);
const crash = z.enum(['kill', 'power']);
const accomplice = z.enum(['leader', 'acker']);
const order = z.array(z.number().int());
const fault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('crash'), target, how: crash }),
  z.strictObject({
    kind: z.literal('crash-loop'),
    target,
    how: crash,
    operations: z.array(z.number().int().positive()),
  }),
  z.strictObject({
    kind: z.literal('sick-disk'),
    target,
    how: z.enum(['full', 'failed-sync']),
    afterOperations: z.number().int().positive(),
  }),
  z.strictObject({ kind: z.literal('wipe'), target }),
  z.strictObject({ kind: z.literal('outage'), staggerMs: z.number().optional() }),
  z.strictObject({ kind: z.literal('leader-hunt'), how: crash, everyMs: ms.positive() }),
  z.strictObject({ kind: z.literal('pause'), target }),
  z.strictObject({ kind: z.literal('partition'), side: z.array(target), how }),
  z.strictObject({ kind: z.literal('one-way'), from: target, to: target, how }),
  z.strictObject({ kind: z.literal('half-open'), from: target, to: target }),
  z.strictObject({
    kind: z.literal('majority-loss'),
    order,
    syncDelayMs: ms,
    leadMs: ms,
    on: z.enum(['ack', 'leading']),
    afterMs: ms,
    back: accomplice,
    awayMs: ms,
  }),
  z.strictObject({ kind: z.literal('oversleep'), afterMs: ms }),
  z.strictObject({
    kind: z.literal('ambush'),
    moment: z.enum(MOMENTS),
    target,
    how: z.enum(['kill', 'power', 'cut']),
    afterMs: ms,
    times: z.number().int().positive(),
  }),
  z.strictObject({ kind: z.literal('rolling'), order, how: crash, everyMs: ms }),
  z.strictObject({ kind: z.literal('slow-link'), target, latencyMs: ms }),
  z.strictObject({ kind: z.literal('slow-disk'), target, syncDelayMs: ms }),
  z.strictObject({ kind: z.literal('clock-jump'), target, byMs: z.number() }),
]);
const schema = z.strictObject({
  seed: z.number().int(),
  voters: z.number().int().min(1).max(VOTERS_MAX),
  observers: z.number().int().min(0).max(OBSERVERS_MAX),
  faults: z.array(z.strictObject({ atMs: ms, durationMs: ms, fault })),
  reasons: z.array(z.string()),
});

export function writePlan(path: string, { seed, voters, observers, faults, reasons }: Plan): void {
  writeFileSync(path, `${JSON.stringify({ seed, voters, observers, faults, reasons }, null, 1)}\n`);
}

/** @throws PlanFileError naming what is wrong with the file */
export function readPlan(path: string): Plan {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new PlanFileError(path, error instanceof Error ? error.message : String(error));
  }
  const result = schema.safeParse(document);
  if (!result.success) throw new PlanFileError(path, z.prettifyError(result.error));
  const plan = result.data;
  const members = plan.voters + plan.observers;
  for (const [at, { fault }] of plan.faults.entries())
    for (const sid of sidsIn(fault))
      if (sid < 1 || sid > members)
        throw new PlanFileError(path, `faults[${at}] names member ${sid}; there are 1 to ${members}`);
  return plan;
}

/** Where a fault of any kind names members. */
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
