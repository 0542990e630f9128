/** kazoo and the C client against our leader, followers and observer at once. */
import { assert, suite, until } from '#test';
import {
  address,
  CLI_MT,
  PYTHON,
  RECIPES,
  requireCliMt,
  requireKazoo,
  withProgram,
} from './client-program.test-kit.ts';
import { type Ensemble, type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';

const test = suite('interop: kazoo and cli_mt');
const DEADLINE = { deadlineMs: 400_000 };
const OBSERVER = 4;
const PLANS: readonly MemberPlan[] = [
  { is: 'zklab' },
  { is: 'zklab' },
  { is: 'zklab' },
  { is: 'zklab', observer: true },
];

function addresses(ensemble: Ensemble): string[] {
  return [...ensemble.members.values()].map(member => `${member.host}:2181`);
}

test(
  "kazoo: data, transactions, locks, elections, watches, queues, ACLs and ephemerals across members' clients",
  async () => {
    requireKazoo();
    await withEnsemble(PLANS, async ensemble => {
      await ensemble.start();
      await withProgram([PYTHON, RECIPES, ...addresses(ensemble)], async recipes => {
        assert.is(await recipes.ended, 0, recipes.output);
        assert.is(recipes.output.match(/^ok /gm)?.length, 9, recipes.output);
      });
      await ensemble.agrees();
    });
  },
  DEADLINE,
);

test(
  'kazoo: a session is resumed at each other member with its id and password, and expires when nobody renews it',
  async () => {
    requireKazoo();
    await withEnsemble(PLANS, async ensemble => {
      await ensemble.start();
      const path = '/held';
      const reader = await ensemble.client(1);
      await withProgram([PYTHON, RECIPES, 'hold', address(ensemble, OBSERVER), path], async holder => {
        const [, id = '', password = ''] = await until(() => /^(\d+) (\w+)\n/m.exec(holder.output), {
          deadlineMs: 60_000,
          what: 'the session of kazoo',
        });
        await holder.kill();
        for (const sid of [1, 2, 3, OBSERVER]) {
          const to = address(ensemble, sid);
          await withProgram([PYTHON, RECIPES, 'resume', to, path, id, password], async resumed => {
            assert.is(await resumed.ended, 0, resumed.output);
          });
          await reader.sync();
          assert.is(await reader.get(path), to);
        }
      });
      assert.ok((await reader.exists(path, true)) !== null);
      await until(() => reader.events.includes(`2 ${path}`), {
        deadlineMs: 60_000,
        what: 'the session to expire',
      });
      for (const member of ensemble.running) {
        const client = await ensemble.client(member.sid);
        await client.sync();
        assert.is(await client.exists(path), null);
        await client.close();
      }
    });
  },
  DEADLINE,
);

test(
  "cli_mt: the C client's operations and watches at the leader, a follower and the observer",
  async () => {
    requireCliMt();
    await withEnsemble(PLANS, async ensemble => {
      await ensemble.start();
      for (const sid of [1, 3, OBSERVER]) {
        const root = `/c${sid}`;
        const other = await ensemble.client(2);
        await withProgram([CLI_MT, '-h', address(ensemble, sid)], async cli => {
          await cli.says('', /Got a new session id/);
          await cli.says(`create ${root}`, /rc = 0\s+name = /);
          await cli.says(`set ${root} value`, /rc = 0 Stat:[\s\S]*version=1\s/);
          await cli.says(`get ${root}`, /rc = 0\s+value_len = 5\s+value\s+Stat:[\s\S]*ephemeralOwner = 0/);
          await cli.says(`create ${root}`, /rc = -110/);
          await cli.says(`create +e ${root}/eph`, /rc = 0\s+name = \S+eph/);
          await cli.says(`create +s ${root}/seq-`, /rc = 0\s+name = \S+seq-0000000001/);
          await cli.says(
            `create2 +s ${root}/two-`,
            /name = \S+two-0000000002[\s\S]*version=0[\s\S]*ephemeralOwner = 0/,
          );
          await cli.says(`delete ${root}`, /rc = -111/);
          await cli.says(`ls ${root}`, /rc = 0\s+eph\s+seq-0000000001\s+two-0000000002\s+time/);
          await cli.says(
            `ls2 ${root}`,
            /rc = 0\s+eph\s+seq-0000000001\s+two-0000000002\s+time[\s\S]*version=1\s/,
          );
          await cli.says(`delete ${root}/two-0000000002`, /rc = 0/);
          await cli.says(`sync ${root}`, /rc = 0/);
          await cli.says(`wexists ${root}/later`, /Error -101 for/);
          const from = cli.output.length;
          await other.sync();
          await other.create(`${root}/later`);
          await until(() => /CREATED_EVENT[^\n]*later/.test(cli.output.slice(from)), {
            deadlineMs: 60_000,
            what: 'the event at the C client',
          });
          await cli.says('quit', /Quitting/);
          await cli.ended;
        });
        await other.sync();
        assert.equal(await other.children(root), ['later', 'seq-0000000001'], 'what quit leaves');
        await other.close();
      }
    });
  },
  DEADLINE,
);
