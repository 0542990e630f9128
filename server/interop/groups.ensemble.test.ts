/**
 * Hierarchical quorums whose groups name an observer, as in Apache's ObserverHierarchicalQuorumTest: an
 * ensemble of ours alone, and ensembles of both implementations, which must agree on what a quorum is.
 */
import { assert, suite, until } from '#test';
import { type Ensemble, type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';

const test = suite('interop: groups that name an observer');
const DEADLINE = { deadlineMs: 400_000 };
const OBSERVER = 5;
/**
 * The observer has half of the weight of the first group, so server 1 alone is no majority there. Any two of
 * the three groups decide.
 */
const GROUPS = [`group.1=1:2:${OBSERVER}`, 'group.2=3', 'group.3=4', 'weight.1=2', `weight.${OBSERVER}=1`];
/** Number of rounds of answers after which an election without a quorum counts as one that elects nobody. */
const LOOKS = 40;
const WRITES = 140;

const MEMBERS: readonly (readonly [string, readonly MemberPlan['is'][]])[] = [
  ['ours alone', ['zklab', 'zklab', 'zklab', 'zklab', 'zklab']],
  ["ours with Apache's observer", ['apache', 'zklab', 'apache', 'zklab', 'apache']],
  ["Apache's with our observer", ['zklab', 'apache', 'zklab', 'apache', 'zklab']],
];

async function stop(ensemble: Ensemble, ...sids: number[]): Promise<void> {
  for (const sid of sids) await ensemble.member(sid).kill();
}

/** Writes at the leader, and waits until the observer has the write. */
async function writes(ensemble: Ensemble, path: string): Promise<void> {
  const leader = await ensemble.leader();
  await ensemble.member(OBSERVER).serves('observer');
  await until(
    async () => {
      const client = await ensemble.client(leader.sid);
      await client.create(path);
      return true;
    },
    { deadlineMs: 60_000, what: `${path} to be written`, intervalMs: 50 },
  );
  const reader = await ensemble.client(OBSERVER);
  await until(async () => (await reader.exists(path)) !== null, {
    deadlineMs: 60_000,
    what: `${path} at the observer`,
  });
}

for (const [name, implementations] of MEMBERS) {
  test(
    `field report C4: ${name}: writes go on while a majority of groups has a quorum, and stop otherwise`,
    async () => {
      requireApache();
      const plans = implementations.map((is, i) => ({ is, observer: i + 1 === OBSERVER }));
      await withEnsemble(
        plans,
        async ensemble => {
          await ensemble.start();
          await writes(ensemble, '/all');

          await stop(ensemble, 1, 2);
          await writes(ensemble, '/groups-2-and-3');

          await ensemble.start(1, 2);
          await stop(ensemble, 2, 3);
          const remaining = [1, 4, OBSERVER].map(sid => ensemble.member(sid));
          await until(
            async () => (await Promise.all(remaining.map(member => member.mode()))).every(mode => !mode),
            {
              deadlineMs: 60_000,
              what: 'the quorum to be given up',
              intervalMs: 50,
            },
          );
          for (let look = 0; look < LOOKS; look++) {
            for (const member of remaining) assert.is(await member.mode(), undefined, 'nobody serves');
          }

          await ensemble.start(2);
          await writes(ensemble, '/groups-1-and-3');
          await ensemble.start(3);
          const client = await ensemble.client(3);
          for (let n = 0; n < WRITES; n++) await client.create(`/n-${n}`);
          assert.equal(
            (await client.children('/')).filter(path => !path.startsWith('n-')),
            ['all', 'groups-1-and-3', 'groups-2-and-3', 'zookeeper'],
          );
          assert.ok((await ensemble.agrees()) > 0, 'digests were compared');
        },
        GROUPS,
      );
    },
    DEADLINE,
  );
}
