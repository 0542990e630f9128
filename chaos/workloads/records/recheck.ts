/** Judges the stored history of a run again, with the checkers of today. */
import type { Result } from '../../../results/schema.ts';
import { exitCodeOf } from '../../../results/verdicts.ts';
import type { Judgement } from '../../checkers/judgement.ts';
import { chapterFolder } from '../live/chapter.ts';
import { acrossChapters, judgeRecord, resultRow } from './judge-record.ts';
import { hasRecord, readRecord } from './kept-record.ts';

/** @param folder of the run. @throws StoreError with what is wrong and where */
export async function rejudgeRecord(folder: string, stored: Result): Promise<Result> {
  const judged: Judgement[][] = [];
  for (let number = 1; number === 1 || hasRecord(chapterFolder(folder, number)); number++) {
    const { record, about } = await readRecord(chapterFolder(folder, number));
    judged.push(judgeRecord(record, about));
  }
  const judgements = acrossChapters(judged).map(resultRow);
  const result = { ...stored, judgements };
  return { ...result, run: { ...result.run, exitCode: exitCodeOf(result) } };
}
