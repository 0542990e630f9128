/**
 * One ensemble goes through every kind of change: members, the leader among them, are added without data,
 * promoted, demoted and removed, incrementally and in bulk. After each, all members have the same text in the
 * tree and on disk, clients write at each, and a watch fires once. In the end the members start on the files
 * of the other implementation.
 */
import { assert, suite, until } from '#test';
import { ofRelease, withEnsemble } from './ensemble.test-kit.ts';
import { apache, RELEASES, requireApache } from './member.test-kit.ts';
import {
  APACHE_LEADS,
  allWrite,
  digestsAgree,
  haveRoles,
  isEverywhere,
  OURS_LEADS,
  other,
  putClientPortsIntoServerLines,
  RECONFIG_SETTINGS,
  reconfigure,
  serverLine,
  serverLines,
  superClient,
  VARIANTS,
  type Variant,
  watchConfig,
} from './reconfig.test-kit.ts';

const test = suite('interop: roles by reconfiguration');
const DEADLINE = { deadlineMs: 400_000 };
const FIRST_LEADER = 3;
const JOINING_OBSERVER = 4;
const JOINING_VOTER = 5;

/**
 * Every variant runs with the release that the machine has; with other releases, only those in which both
 * implementations take part.
 */
const CASES: readonly (readonly [Variant, string | undefined])[] = RELEASES.flatMap((release, i) =>
  (i === 0 ? VARIANTS : [APACHE_LEADS, OURS_LEADS]).map(variant => [variant, release] as const),
);

for (const [{ name, members }, release] of CASES) {
  test(
    `${name}, ${apache(release)}: members are added, promoted, demoted and removed, and the leader moves`,
    async () => {
      requireApache(release);
      const plans = members.map((is, i) => ({
        is,
        joins: i + 1 >= JOINING_OBSERVER,
        observer: i + 1 === JOINING_OBSERVER,
      }));
      await withEnsemble(
        ofRelease(release, plans),
        async ensemble => {
          putClientPortsIntoServerLines(ensemble);
          await ensemble.start(1, FIRST_LEADER);
          assert.is((await ensemble.leader()).sid, FIRST_LEADER);
          await ensemble.start(2, JOINING_OBSERVER, JOINING_VOTER);
          const heard = await Promise.all([1, FIRST_LEADER].map(sid => watchConfig(ensemble, sid)));
          const admin = await superClient(ensemble, 1);
          let version = await isEverywhere(ensemble, serverLines(ensemble, [1, 2, 3]));

          const changes = [
            [{ joining: serverLine(ensemble, JOINING_OBSERVER, 'observer') }, [1, 2, 3], [4]],
            [{ joining: serverLine(ensemble, JOINING_VOTER) }, [1, 2, 3, 5], [4]],
            [{ joining: serverLine(ensemble, 4) }, [1, 2, 3, 4, 5], []],
            [{ joining: serverLine(ensemble, 2, 'observer') }, [1, 3, 4, 5], [2]],
            [{ leaving: '1' }, [3, 4, 5], [2]],
          ] as const;
          for (const [i, [change, voters, observers]] of changes.entries()) {
            const outcome = await reconfigure(admin, { ...change, from: version });
            assert.is(outcome.code, 'OK', JSON.stringify(change));
            assert.equal(outcome.lines, serverLines(ensemble, voters, observers));
            version = await isEverywhere(ensemble, outcome.lines);
            assert.is(version, outcome.version);
            await haveRoles(ensemble, { leaders: [FIRST_LEADER], observers });
            await allWrite(ensemble, `change-${i}`);
          }
          for (const check of heard) check(changes.length);

          // The leader becomes an observer: another voter leads.
          await reconfigure(admin, { joining: serverLine(ensemble, 3, 'observer') }).catch(() => {});
          version = await isEverywhere(ensemble, serverLines(ensemble, [4, 5], [2, 3]));
          const next = await haveRoles(ensemble, { leaders: [4, 5], observers: [2, 3] });
          await allWrite(ensemble, 'leader-demoted');

          const everybody = serverLines(ensemble, [1, 2, 3, 4, 5]);
          const bulk = await superClient(ensemble, next);
          const outcome = await reconfigure(bulk, { members: everybody.join(), from: version });
          assert.is(outcome.code, 'OK');
          assert.equal(outcome.lines, everybody);
          await isEverywhere(ensemble, everybody);
          await haveRoles(ensemble, { leaders: [next] });

          await reconfigure(bulk, { leaving: String(next) }).catch(() => {});
          const left = [1, 2, 3, 4, 5].filter(sid => sid !== next);
          const final = serverLines(ensemble, left);
          version = await isEverywhere(ensemble, final);
          await haveRoles(ensemble, { leaders: left });
          await allWrite(ensemble, 'leader-removed');

          // The removed member stands in no file of its own.
          const removed = ensemble.member(next);
          await removed.kill();
          removed.start();
          await until(() => removed.ended, {
            deadlineMs: 60_000,
            what: 'the removed member to refuse to start',
          });
          await removed.kill();

          for (const sid of left) await ensemble.member(sid).kill();
          for (const sid of left) {
            const member = ensemble.member(sid);
            member.implementation = other(member.implementation);
          }
          await ensemble.start(...left);
          assert.is(await isEverywhere(ensemble, final), version);
          await allWrite(ensemble, 'restarted');
          await digestsAgree(ensemble);
        },
        RECONFIG_SETTINGS,
      );
    },
    DEADLINE,
  );
}
