/**
 * Leaders of a mixed ensemble are killed one after the other while clients write through all members: whoever
 * leads next, of whichever kind, has every write that was acknowledged, and all trees are the same in the
 * end.
 */
import { assert, repetitions, suite } from '#test';
import { type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { RELEASES, requireApache } from './member.test-kit.ts';
import { Writers } from './writers.test-kit.ts';

const test = suite('interop: leaders killed under load');
const DEADLINE = { deadlineMs: 400_000 };
const KILLS = repetitions(4);
/** It is random who is ahead and is elected, so there are more kills until both kinds have led. */
const KILLS_MAX = KILLS + 8;
const WRITES_BETWEEN = 150;

const PLANS: readonly MemberPlan[] = [
  { is: 'zklab' },
  { is: 'zklab' },
  { is: 'apache', release: RELEASES[0] },
  { is: 'zklab' },
  { is: 'apache', release: RELEASES.at(-1) },
];

test(
  'leaders of both kinds are killed: no acknowledged write is lost, all trees are the same',
  async () => {
    for (const release of RELEASES) requireApache(release);
    await withEnsemble(PLANS, async ensemble => {
      await ensemble.start();
      const writers = await Writers.start(ensemble, '/writes');
      const led = new Set<string>();
      for (let kills = 0; kills < KILLS || (led.size < 2 && kills < KILLS_MAX); kills++) {
        await writers.more(WRITES_BETWEEN);
        const leader = await ensemble.leader();
        led.add(leader.implementation);
        await leader.kill();
        await ensemble.leader();
        await writers.more(WRITES_BETWEEN);
        await ensemble.start(leader.sid);
      }
      await writers.more(WRITES_BETWEEN);
      await writers.stop();
      assert.equal([...led].sort(), ['apache', 'zklab'], 'both kinds led');
      await writers.agree();
    });
  },
  DEADLINE,
);
