/**
 * Members that die or are away in the middle of a reconfiguration: the next leader completes it or it is
 * undone everywhere, and the old voters form no quorum beside the new ones.
 */
import { existsSync } from 'node:fs';
import { assert, suite, until } from '#test';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import { type Member, requireApache } from './member.test-kit.ts';
import {
  APACHE_LEADS,
  allWrite,
  digestsAgree,
  haveRoles,
  isEverywhere,
  OURS_ALONE,
  OURS_LEADS,
  putClientPortsIntoServerLines,
  RECONFIG_SETTINGS,
  reconfigure,
  serverLine,
  serverLines,
  superClient,
  type Variant,
} from './reconfig.test-kit.ts';

const test = suite('interop: crashes in a reconfiguration');
const DEADLINE = { deadlineMs: 400_000 };
const LEADER = 3;
/** Number of rounds in which no member may serve. */
const LOOKS = 40;

/**
 * Members 1 to 3 vote, 3 leads; those `joining` have empty directories and are not in the configuration. All
 * of them are started, or those in `started`.
 */
async function withJoiners(
  { members }: Variant,
  joining: readonly number[],
  body: (ensemble: Ensemble) => Promise<void>,
  started = joining,
): Promise<void> {
  requireApache();
  const plans = members.slice(0, 3 + joining.length).map((is, i) => ({ is, joins: i >= 3 }));
  await withEnsemble(
    plans,
    async ensemble => {
      putClientPortsIntoServerLines(ensemble);
      await ensemble.start(1, LEADER);
      assert.is((await ensemble.leader()).sid, LEADER);
      await ensemble.start(2, ...started);
      await isEverywhere(ensemble, serverLines(ensemble, [1, 2, 3]));
      await body(ensemble);
    },
    RECONFIG_SETTINGS,
  );
}

/**
 * A looking member of Apache's also asks for a quorum of its own pending voters, which it counts among the
 * other members only. When its pending voters are not those that have a leader, it never comes back.
 */
function pendingIn(ensemble: Ensemble, { members }: Variant): string {
  const { host } = ensemble.member(1);
  if (members[LEADER - 1] === 'apache') return `server.4=${host}:2988:3988:observer;${host}:2281`;
  return serverLine(ensemble, 1, 'observer');
}

async function hasPending(member: Member): Promise<void> {
  await until(() => existsSync(`${member.configPath}.dynamic.next`), {
    deadlineMs: 60_000,
    what: `a pending configuration at member ${member.sid}`,
  });
}

/** Waits until no member serves, and checks that it stays so. */
async function nobodyServes(ensemble: Ensemble): Promise<void> {
  const modes = () => Promise.all(ensemble.running.map(member => member.mode()));
  await until(async () => (await modes()).every(mode => mode === undefined), {
    deadlineMs: 60_000,
    what: 'all members to stop serving',
  });
  for (let look = 0; look < LOOKS; look++)
    assert.ok(
      (await modes()).every(mode => mode === undefined),
      'a member serves without a quorum',
    );
}

for (const variant of [OURS_ALONE, APACHE_LEADS, OURS_LEADS]) {
  test(
    `${variant.name}: a reconfiguration that only the killed leader knows is undone`,
    async () => {
      await withJoiners(variant, [], async ensemble => {
        const [one, two, leader] = [1, 2, LEADER].map(sid => ensemble.member(sid));
        const admin = await superClient(ensemble, LEADER);
        await one!.pause();
        await two!.pause();
        const lost = reconfigure(admin, { joining: pendingIn(ensemble, variant) });
        lost.catch(() => {});
        await hasPending(leader!);
        for (const member of [leader, one, two]) await member!.kill();

        await ensemble.start(1, 2);
        await allWrite(ensemble, 'without');
        await ensemble.start(LEADER);
        const version = await isEverywhere(ensemble, serverLines(ensemble, [1, 2, 3]));
        await allWrite(ensemble, 'with');
        // With equal histories the highest id leads, which is the member that had the reconfiguration.
        for (const member of ensemble.members.values()) await member.kill();
        await ensemble.start(1, LEADER);
        assert.is((await ensemble.leader()).sid, LEADER);
        await ensemble.start(2);
        assert.is(await isEverywhere(ensemble, serverLines(ensemble, [1, 2, 3])), version);
        const next = await superClient(ensemble, 1);
        assert.is((await reconfigure(next, {})).code, 'OK');
        await isEverywhere(ensemble, serverLines(ensemble, [1, 2, 3]));
        await digestsAgree(ensemble);
      });
    },
    DEADLINE,
  );

  test(
    `${variant.name}: a reconfiguration that only a quorum of the old voters has waits for a quorum of the new ones`,
    async () => {
      await withJoiners(
        variant,
        [4],
        async ensemble => {
          const admin = await superClient(ensemble, LEADER);
          const [reader, writer] = [await ensemble.client(LEADER), await ensemble.client(LEADER)];
          // 1 and 3 are a quorum of the three old voters, and none of the four new ones.
          await ensemble.member(2).pause();
          const answered: string[] = [];
          const note = (what: string) => [() => void answered.push(what), () => {}] as const;
          reconfigure(admin, { joining: serverLine(ensemble, 4) }).then(...note('the reconfiguration'));
          await hasPending(ensemble.member(1));
          writer.create('/behind-it').then(...note('a write behind it'));
          for (let look = 0; look < LOOKS; look++) await reader.exists('/');
          assert.equal(answered, [], 'nothing is committed without a quorum of the new voters');

          // Members 1 and 2 are no quorum for an election either.
          await ensemble.member(LEADER).kill();
          ensemble.member(2).resume();
          await nobodyServes(ensemble);
          await ensemble.start(4);
          await Promise.all([1, 2].map(sid => ensemble.member(sid).serves()));
          const lines = serverLines(ensemble, [1, 2, 3, 4]);
          const version = await isEverywhere(ensemble, lines);
          await allWrite(ensemble, 'without');
          await ensemble.start(LEADER);
          assert.is(await isEverywhere(ensemble, lines), version);
          await haveRoles(ensemble, { leaders: [1, 2, 4] });
          await digestsAgree(ensemble);
        },
        [],
      );
    },
    DEADLINE,
  );

  test(
    `${variant.name}: a majority of the old voters is no quorum of the new ones`,
    async () => {
      await withJoiners(variant, [4, 5], async ensemble => {
        const admin = await superClient(ensemble, LEADER);
        await ensemble.member(2).kill();
        const joining = [4, 5].map(sid => serverLine(ensemble, sid)).join();
        assert.is((await reconfigure(admin, { joining })).code, 'OK');
        const lines = serverLines(ensemble, [1, 2, 3, 4, 5]);
        const version = await isEverywhere(ensemble, lines);
        for (const sid of [1, 3, 4, 5]) await ensemble.member(sid).kill();

        for (const sid of [1, 2]) ensemble.member(sid).start();
        await nobodyServes(ensemble);
        await ensemble.start(4);
        await Promise.all([1, 2].map(sid => ensemble.member(sid).serves()));
        assert.is(await isEverywhere(ensemble, lines), version);
        await allWrite(ensemble, 'three-of-five');
        await digestsAgree(ensemble);
      });
    },
    DEADLINE,
  );

  test(
    `${variant.name}: a voter that is removed while it is away comes back as a follower whose vote does not count`,
    async () => {
      await withJoiners(variant, [], async ensemble => {
        await ensemble.member(2).kill();
        const admin = await superClient(ensemble, 1);
        assert.is((await reconfigure(admin, { leaving: '2' })).code, 'OK');
        await ensemble.start(2);
        await isEverywhere(ensemble, serverLines(ensemble, [1, 3]));
        await allWrite(ensemble, 'removed');
        await ensemble.member(1).kill();
        await nobodyServes(ensemble);
        await ensemble.start(1);
        await Promise.all([2, 3].map(sid => ensemble.member(sid).serves()));
        assert.is(
          (await reconfigure(await superClient(ensemble, 1), { joining: serverLine(ensemble, 2) })).code,
          'OK',
        );
        await isEverywhere(ensemble, serverLines(ensemble, [1, 2, 3]));
        await digestsAgree(ensemble);
      });
    },
    DEADLINE,
  );
}
