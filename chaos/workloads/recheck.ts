/** Judges the stored history of a run again, with the checkers of today. */
import type { Result } from '../../results/schema.ts';
import { exitCodeOf } from '../../results/verdicts.ts';
import { judgeRecord } from './judge-record.ts';
import { readRecord } from './kept-record.ts';

/** @param folder of the run. @throws StoreError with what is wrong and where */
export async function rejudgeRecord(folder: string, stored: Result): Promise<Result> {
  const { record, about } = await readRecord(folder);
  const judgements = judgeRecord(record, about).map(each => ({ ...each, reasons: [...each.reasons] }));
  const result = { ...stored, judgements };
  return { ...result, run: { ...result.run, exitCode: exitCodeOf(result) } };
}
