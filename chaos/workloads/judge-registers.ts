/** What became of a register workload on real processes, by the checkers of the simulation. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fourLetterWord } from '../../bench/measure/four-letter.ts';
import type { Ensemble } from '../../bench/topology/ensemble.ts';
import { checkAcknowledgedWrites } from '../checkers/acknowledged-writes.ts';
import { checkSessionOrder } from '../checkers/session-order.ts';
import { checkTreeEquality } from '../checkers/tree-equality.ts';
import { checkWriteOrder } from '../checkers/write-order.ts';
import { readMemberState } from './final-state.ts';
import type { RegisterWorkload } from './register-workload.ts';

const POLL_MS = 50;

/**
 * After the load has stopped: one sentence for everything that is wrong, none when all is well.
 *
 * @throws Error when the members have not applied the same transactions by the deadline
 */
export async function judgeRegisters(
  ensemble: Ensemble,
  load: RegisterWorkload,
  deadlineMs: number,
): Promise<string[]> {
  await untilLevel(ensemble, deadlineMs);
  const states = [];
  for (const { name, ownAddress } of ensemble.members)
    states.push(await readMemberState(name, ownAddress, load.paths));
  const { history } = load;
  const judgements = [
    checkTreeEquality(states),
    ...states.map(({ nodes }) => checkAcknowledgedWrites(history, nodes)),
    checkSessionOrder(history),
    checkWriteOrder(history),
  ];
  return [
    ...load.violations,
    ...judgements
      .filter(({ valid }) => valid !== 'valid')
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
