/** Writes while a fault is in force: whatever comes of them is recorded, a total stop too. */
import { NoSessionError } from '../../../bench/load/load-error.ts';
import type { ConditionFault } from '../condition-fault.ts';
import type { RoleAssignment } from '../stage.ts';
import { recordNoSession, recordWrites } from './record-writes.ts';
import { type LoadKind, measureWrites, type WriteLoad } from './throughput.ts';
import { type MeasurementContext, underFault } from './under-fault.ts';

export interface WritesUnderFault extends ConditionFault {
  readonly loads: readonly LoadKind[];
  /** Number of the fresh ensemble, where an experiment starts several. */
  readonly start?: number;
  /** Begins to watch what else could void the loads. What it returns ends that, and gives the reasons. */
  readonly watch?: () => () => readonly string[];
}

/** @throws NotHealed */
export async function measureWritesUnderFault(
  context: MeasurementContext,
  assignment: RoleAssignment,
  write: WriteLoad,
  { fault, cut, loads, start, watch = () => () => [] }: WritesUnderFault,
): Promise<void> {
  const { stage, recorder, condition, round } = context;
  const { value, voidReasons, span } = await underFault(
    context,
    fault.name,
    () => fault.inject(stage.faults),
    async () => {
      const watched = watch();
      try {
        const sample = await measureWrites(stage, assignment, write, { cut, underFault: true, loads });
        return { sample, reasons: watched() };
      } catch (error) {
        if (error instanceof NoSessionError) return error;
        throw error;
      }
    },
  );
  const place = {
    recorder,
    topology: stage.name,
    condition,
    round,
    fault: span,
    ...(start !== undefined && { start }),
  };
  if (value instanceof NoSessionError) recordNoSession(place, write.load, loads, value.message, voidReasons);
  else recordWrites(place, value.sample, [...voidReasons, ...value.reasons]);
}
