/** An observer of ours is moved between masters of both implementations, while its client goes on. */
import { assert, suite, until } from '#test';
import { type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import { sameTrees } from './same-trees.test-kit.ts';

const test = suite('interop: an observer is moved to another master');

const [APACHE, OURS, LEADER, OBSERVER] = [1, 2, 3, 4];
const plans: MemberPlan[] = [
  { is: 'apache' },
  { is: 'zklab' },
  { is: 'zklab' },
  { is: 'zklab', observer: true, admin: true },
];
const WRITES_MIN = 5;

interface Answer {
  readonly learner_master_id: number | null;
  readonly last_request: { readonly outcome: string } | null;
  readonly error: string | null;
}

test('from ours to Apache’s, to the leader and back: every write of its client is answered, on one connection', async () => {
  requireApache();
  await withEnsemble(
    plans,
    async ensemble => {
      await ensemble.startLedBy(LEADER);
      const observer = ensemble.member(OBSERVER);
      const ask = async (command: string) => (await observer.command(command)) as unknown as Answer;
      const client = await ensemble.client(OBSERVER);
      await client.create('/count', '0');
      let written = 0;
      let goesOn = true;
      const writing = (async () => {
        while (goesOn) await client.set('/count', String(++written));
      })();
      for (const target of [APACHE, LEADER, OURS, APACHE]) {
        const before = written;
        assert.is((await ask(`set_learner_master?learnerMaster=${target}`)).error, null);
        const isDone = async (): Promise<boolean> => {
          const { learner_master_id, last_request } = await ask('get_learner_master');
          return learner_master_id === target && last_request?.outcome !== 'under way';
        };
        await until(isDone, { deadlineMs: 30_000, what: `master ${target}`, intervalMs: 20 });
        assert.match((await ask('glms')).last_request?.outcome ?? '', /^(followed|already followed)$/);
        await until(() => written > before + WRITES_MIN, {
          deadlineMs: 30_000,
          what: 'more writes',
          intervalMs: 5,
        });
      }
      goesOn = false;
      await writing;
      assert.is(await client.get('/count'), String(written), 'it reads its own last write');
      assert.match((await ask('slms?learnerMaster=9')).error ?? '', /^Not a valid learner master/);
      assert.ok((await sameTrees(ensemble)).length > 0, 'nodes were compared');
    },
    ['observerMasterPort=2889'],
  );
});
