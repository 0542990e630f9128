/** Sessions that move between Apache's servers and ours, and what becomes of the connection they left. */
import { assert, suite, until } from '#test';
import { ErrorCode } from '../wire/error-codes.ts';
import { withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import { EPHEMERAL, isRefused, ZkError } from './zk-client.test-kit.ts';

const test = suite('interop: sessions');
const DEADLINE = { deadlineMs: 400_000 };

for (const leader of ['zklab', 'apache'] as const) {
  const other = leader === 'zklab' ? 'apache' : 'zklab';

  test(
    `a session moves to every member under a leader of ${leader}, and is gone everywhere once it is closed`,
    async () => {
      requireApache();
      const plans = [{ is: other }, { is: leader }, { is: leader }, { is: other, observer: true }] as const;
      await withEnsemble(plans, async ensemble => {
        await ensemble.start(1, 3);
        assert.is((await ensemble.leader()).sid, 3);
        await ensemble.start(2, 4);
        for (const born of [1, 2, 3, 4]) {
          let client = await ensemble.client(born);
          const { session } = client;
          const path = `/of-${born}`;
          await client.create(path, '', EPHEMERAL);
          for (const next of [1, 2, 3, 4]) {
            const moved = await ensemble.client(next, { session });
            await moved.set(path, `at ${next}`);
            assert.is(await moved.get(path), `at ${next}`);
            client = moved;
          }
          const guessed = { ...session, password: Buffer.alloc(16, 7) };
          await isRefused(() => ensemble.client(1, { session: guessed }));
          const owner = await ensemble.client(2, { session });
          await owner.close();
          for (const member of [1, 2, 3, 4]) await isRefused(() => ensemble.client(member, { session }));
          client.destroy();
        }
        const reader = await ensemble.client(1);
        await reader.sync();
        assert.equal(await reader.children('/'), ['zookeeper']);
        await ensemble.agrees();
      });
    },
    DEADLINE,
  );

  test(
    `a session that moved ends its old connection, under a leader of ${leader}`,
    async () => {
      requireApache();
      const plans = [{ is: other }, { is: leader }, { is: leader }] as const;
      await withEnsemble(plans, async ensemble => {
        await ensemble.start(1, 3);
        await ensemble.start(2);
        for (const [from, to] of [
          [1, 2],
          [2, 1],
          [1, 3],
          [2, 3],
          [3, 1],
        ] as const) {
          const left = await ensemble.client(from);
          const { session } = left;
          const moved = await ensemble.client(to, { session });
          await moved.create(`/from-${from}-to-${to}`);
          const outcome = await left.create('/lost').then(
            () => 'created',
            error => (error instanceof ZkError ? error.code : error),
          );
          assert.is(
            outcome,
            ErrorCode.CONNECTIONLOSS,
            `a write of a session that moved from ${from} to ${to}`,
          );
          await until(() => left.closed, { deadlineMs: 60_000, what: 'the connection that was left to end' });
          await moved.create(`/still-${from}-to-${to}`);
          assert.is(await moved.exists('/lost'), null);
          await moved.close();
        }
        await ensemble.agrees();
      });
    },
    DEADLINE,
  );
}

for (const [members, leaders] of [
  ['apache', 'zklab'],
  ['zklab', 'apache'],
] as const)
  test(
    `local sessions of ${members} write under a leader of ${leaders}, and become global with their first ephemeral (ZOOKEEPER-1147)`,
    async () => {
      requireApache();
      const plans = [
        { is: members },
        { is: leaders },
        { is: leaders },
        { is: members, observer: true },
      ] as const;
      await withEnsemble(
        plans,
        async ensemble => {
          await ensemble.start(1, 3);
          assert.is((await ensemble.leader()).sid, 3);
          await ensemble.start(2, 4);
          const reader = await ensemble.client(2);
          for (const member of [1, 4]) {
            const before = await ensemble.member(3).metric('global_sessions');
            const local = await ensemble.client(member);
            await local.create(`/plain-${member}`);
            await local.set(`/plain-${member}`, 'twice');
            assert.is(
              await ensemble.member(3).metric('global_sessions'),
              before,
              'the leader knows no more of it',
            );

            await local.create(`/mine-${member}`, '', EPHEMERAL);
            assert.is(await ensemble.member(3).metric('global_sessions'), (before ?? 0) + 1);
            const moved = await ensemble.client(2, { session: local.session });
            assert.is((await moved.exists(`/mine-${member}`))?.ephemeralOwner, local.session.sessionId);
            await moved.close();
            await reader.sync();
            assert.is(await reader.exists(`/mine-${member}`), null);
          }
          // No member takes a global session that is closed for a local one.
          const closed = await ensemble.client(2);
          await closed.close();
          await isRefused(() => ensemble.client(3, { session: closed.session }));
          await ensemble.agrees();
        },
        ['localSessionsEnabled=true', 'localSessionsUpgradingEnabled=true'],
      );
    },
    DEADLINE,
  );
