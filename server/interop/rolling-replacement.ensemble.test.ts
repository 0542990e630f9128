/**
 * An operator's change from Apache's servers to ours and back: member by member, on the files that it has,
 * while clients write.
 */
import { assert, suite } from '#test';
import { withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import { Writers } from './writers.test-kit.ts';

const test = suite('interop: rolling replacement');
const DEADLINE = { deadlineMs: 400_000 };
const WRITES_BETWEEN = 100;
/** So that what a member leaves to the other implementation is snapshots and logs. */
const SETTINGS = ['snapCount=200'];

test(
  "every member of an ensemble of Apache's is replaced by ours, and ours by Apache's: no acknowledged write is lost",
  async () => {
    requireApache();
    await withEnsemble(
      [{ is: 'apache' }, { is: 'apache' }, { is: 'apache' }],
      async ensemble => {
        await ensemble.start();
        for (const to of ['zklab', 'apache'] as const) {
          const writers = await Writers.start(ensemble, `/to-${to}`);
          for (const member of ensemble.members.values()) {
            await writers.more(WRITES_BETWEEN);
            await member.stop();
            await writers.more(WRITES_BETWEEN);
            member.implementation = to;
            await ensemble.start(member.sid);
          }
          await writers.more(WRITES_BETWEEN);
          await writers.stop();
          assert.is((await ensemble.leader()).implementation, to);
          await writers.agree();
        }
      },
      SETTINGS,
    );
  },
  DEADLINE,
);
