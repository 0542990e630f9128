/**
 * An operator upgrades an ensemble from one release of Apache's servers to the next, then to ours, and all
 * the way back: member by member, on the existing files, while clients write.
 */
import { assert, suite } from '#test';
import { withEnsemble } from './ensemble.test-kit.ts';
import { apache, type Implementation, RELEASES, requireApache } from './member.test-kit.ts';
import { Writers } from './writers.test-kit.ts';

const test = suite('interop: rolling replacement');
const DEADLINE = { deadlineMs: 400_000 };
const WRITES_BETWEEN = 100;
/**
 * With these settings a member leaves both snapshots and logs to the other implementation, and a leader of
 * Apache's that has met ZOOKEEPER-4685 gives up after 20 s.
 */
const SETTINGS = ['snapCount=200', 'initLimit=80'];

const [OLDER, ...NEWER] = RELEASES;
const [NEWEST = OLDER] = NEWER.reverse();

interface Server {
  readonly is: Implementation;
  readonly release: string | undefined;
}
const OURS: Server = { is: 'zklab', release: OLDER };
const STEPS: readonly Server[] = [
  { is: 'apache', release: NEWEST },
  OURS,
  { is: 'apache', release: NEWEST },
  { is: 'apache', release: OLDER },
];

test(
  `every member of an ensemble of ${apache(OLDER)} becomes ${apache(NEWEST)}, ours, and back: no acknowledged write is lost`,
  async () => {
    for (const release of RELEASES) requireApache(release);
    await withEnsemble(
      [1, 2, 3].map(() => ({ is: 'apache', release: OLDER })),
      async ensemble => {
        await ensemble.start();
        for (const [i, to] of STEPS.entries()) {
          const writers = await Writers.start(ensemble, `/step-${i}`);
          for (const member of ensemble.members.values()) {
            await writers.more(WRITES_BETWEEN);
            await member.stop();
            await writers.more(WRITES_BETWEEN);
            member.implementation = to.is;
            member.release = to.release;
            await ensemble.start(member.sid);
          }
          await writers.more(WRITES_BETWEEN);
          await writers.stop();
          assert.is((await ensemble.leader()).implementation, to.is);
          await writers.agree();
        }
      },
      SETTINGS,
    );
  },
  DEADLINE,
);
