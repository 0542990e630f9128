/** What became of a workload on real processes, by the checkers of the simulation. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fourLetterWord } from '../../bench/measure/four-letter.ts';
import type { Ensemble } from '../../bench/topology/ensemble.ts';
import { check } from '../checkers/index.ts';
import { readMemberState } from './final-state.ts';
import type { LiveWorkload } from './live-workload.ts';

const POLL_MS = 50;

/**
 * After the load has stopped: one sentence for everything that is wrong, none when all is well. What the
 * workload is there to show must have been seen: an "unknown" of its own checkers is wrong too.
 *
 * @throws Error when the members have not applied the same transactions by the deadline
 */
export async function judgeWorkload(
  ensemble: Ensemble,
  load: LiveWorkload,
  deadlineMs: number,
): Promise<string[]> {
  await untilLevel(ensemble, deadlineMs);
  const states = [];
  for (const { name, ownAddress } of ensemble.members)
    states.push(await readMemberState(name, ownAddress, load.paths));
  const record = { memberTrees: states, finalTrees: states.map(({ nodes }) => nodes), history: load.history };
  const mustSpeak = ['tree equality', ...load.workload.judgedBy];
  return [
    ...load.violations,
    ...check(record)
      .filter(
        ({ checker, valid }) => valid === 'invalid' || (valid === 'unknown' && mustSpeak.includes(checker)),
      )
      .flatMap(({ checker, reasons }) => reasons.map(reason => `${checker}: ${reason}`)),
  ];
}

async function untilLevel(ensemble: Ensemble, deadlineMs: number): Promise<void> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const zxids = await zxidsOf(ensemble);
    if (new Set(zxids).size === 1) return;
    if (performance.now() > giveUpAt)
      throw new Error(`after ${deadlineMs} ms the members have applied ${zxids.join(', ')}`);
    await sleep(POLL_MS);
  }
}

/** As `srvr` shows them, in the order of the members. */
export async function zxidsOf(ensemble: Ensemble): Promise<string[]> {
  const answers = ensemble.members.map(({ plan }) => fourLetterWord(plan.ports.client, 'srvr'));
  return (await Promise.all(answers)).map(answer => /^Zxid: (\S+)/m.exec(answer)?.[1] ?? 'none');
}
