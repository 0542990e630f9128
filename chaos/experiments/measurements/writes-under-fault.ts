/** Writes while a fault is in force: whatever comes of them is recorded, a total stop too. */
import { NoSessionError } from '../../../bench/load/load-error.ts';
import type { Cast } from '../stage.ts';
import type { ConditionFault, WriteCondition } from '../write-conditions.ts';
import { recordNoSession, recordWrites } from './record-writes.ts';
import { measureWrites, type WriteLoad } from './throughput.ts';
import { type Occasion, underFault } from './under-fault.ts';

/** @throws NotHealed */
export async function measureWritesUnderFault(
  occasion: Occasion,
  cast: Cast,
  write: WriteLoad,
  { fault, cut, loads }: ConditionFault & Pick<WriteCondition, 'loads'>,
): Promise<void> {
  const { stage, recorder, condition, round } = occasion;
  const { value, voidReasons, span } = await underFault(
    occasion,
    fault.name,
    () => fault.inject(stage.faults),
    () =>
      measureWrites(stage, cast, write, { cut, underFault: true, loads }).catch((error: unknown) => {
        if (error instanceof NoSessionError) return error;
        throw error;
      }),
  );
  const place = { recorder, topology: stage.name, condition, round, fault: span };
  if (value instanceof NoSessionError) recordNoSession(place, write.load, loads, value.message, voidReasons);
  else recordWrites(place, value, voidReasons);
}
