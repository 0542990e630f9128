/**
 * SASL between members of both implementations: each leads the other, observers behind masters of the other,
 * members that are refused, and an ensemble that goes from no authentication to SASL one member at a time.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { type JaasPlan, jaasText } from '../security/sasl/sasl.test-kit.ts';
import { type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { type Member, requireApache } from './member.test-kit.ts';
import { everybodyWrites, reconfigure, rollOn } from './rolling-upgrade.test-kit.ts';

const test = suite('interop: SASL between members');
const DEADLINE = { deadlineMs: 400_000 };
const SOON = { deadlineMs: 60_000 };

const OFF = linesOf(false, false, false);
const ENABLED = linesOf(true, false, false);
const LEARNERS = linesOf(true, true, false);
const REQUIRED = linesOf(true, true, true);

function linesOf(enabled: boolean, learner: boolean, server: boolean): string[] {
  return [
    `quorum.auth.enableSasl=${enabled}`,
    `quorum.auth.learnerRequireSasl=${learner}`,
    `quorum.auth.serverRequireSasl=${server}`,
    // Without this flag 3.9 dials nobody, because DIGEST-MD5 uses MD5.
    'fips-mode=false',
  ];
}

/** The property that names a JAAS file of this plan. */
function flagOf(jaas: JaasPlan = {}): string {
  const path = join(temporaryFolder(), 'jaas.conf');
  writeFileSync(path, jaasText(jaas));
  return `-Djava.security.auth.login.config=${path}`;
}

const planOf = (is: MemberPlan['is'], more: Partial<MemberPlan> = {}): MemberPlan => ({
  is,
  settings: [...REQUIRED, 'observerMasterPort=2191'],
  flags: [flagOf()],
  ...more,
});

test(
  'ours leads Apache with SASL and Apache leads ours, with observers of each behind masters of the other',
  async () => {
    requireApache();
    const plans = [planOf('apache'), planOf('zklab'), planOf('apache')];
    plans.push(planOf('zklab', { observer: true }), planOf('apache', { observer: true }));
    await withEnsemble(plans, async ensemble => {
      for (const sid of [1, 2]) ensemble.member(sid).start();
      await ensemble.member(2).serves('leader');
      await ensemble.start(3, 4, 5);
      await everybodyWrites(ensemble, 'ours-leads');
      const master = await ensemble.member(4).metric('observer_master_id');
      assert.ok(master === 1 || master === 3, `our observer is behind ${master}`);
      await ensemble.agrees();

      await ensemble.member(2).kill();
      await ensemble.member(3).serves('leader');
      await ensemble.start(2);
      assert.is(await ensemble.member(2).mode(), 'follower');
      await ensemble.member(1).kill();
      await until(async () => (await ensemble.member(2).metric('synced_observers')) === 2, {
        ...SOON,
        what: 'both observers behind ours',
      });
      await Promise.all(ensemble.running.map(member => member.serves()));
      await everybodyWrites(ensemble, 'apache-leads');
      await ensemble.agrees();
      assert.not.match(ensemble.member(2).log, /ZK_SASL_PEER/);
    });
  },
  DEADLINE,
);

/** Restarts the member with another JAAS file. */
async function comesBack(member: Member, jaas: JaasPlan): Promise<void> {
  await member.kill();
  member.flags = [flagOf(jaas)];
  member.start();
  await member.serves('follower');
}

test(
  'a wrong password, an unknown user and no authentication: each side logs one line, until the credentials are right',
  async () => {
    requireApache();
    const plans = [
      planOf('zklab'),
      planOf('apache'),
      planOf('zklab'),
      planOf('apache', { flags: [flagOf({ password: 'wrong' })] }),
      planOf('zklab', { flags: [flagOf({ user: 'stranger' })] }),
    ];
    await withEnsemble(plans, async ensemble => {
      await ensemble.start(1, 2, 3);
      const [wrong, unknown] = [ensemble.member(4), ensemble.member(5)];
      wrong.start();
      unknown.start();
      const ours = () => ensemble.member(1).log + ensemble.member(3).log;
      const saysInTime = (log: () => string, line: RegExp) =>
        until(() => line.test(log()), { ...SOON, what: `${line}` });
      await saysInTime(ours, /election port: a peer is refused: its password for user member is wrong/);
      await saysInTime(ours, /election port: a peer is refused: user stranger is not known here/);
      await saysInTime(() => unknown.log, /no SASL with .*: it does not accept the user and the password of/);
      for (const member of [wrong, unknown]) assert.is(await member.mode().catch(() => undefined), undefined);
      await unknown.kill();
      reconfigure(ensemble, 5, OFF);
      unknown.start();
      await saysInTime(
        ours,
        /election port: a peer is refused: it does not authenticate, and quorum\.auth\./,
      );
      await everybodyWrites(ensemble, 'without-them', [1, 2, 3]);

      await comesBack(wrong, {});
      await unknown.kill();
      reconfigure(ensemble, 5, REQUIRED);
      await comesBack(unknown, {});
      await everybodyWrites(ensemble, 'put-right');
      await ensemble.agrees();
    });
  },
  DEADLINE,
);

test(
  'an ensemble of both implementations takes the three steps to SASL one member at a time, without an outage',
  async () => {
    requireApache();
    const plan = (is: MemberPlan['is']) => planOf(is, { settings: OFF });
    await withEnsemble([plan('apache'), plan('zklab'), plan('zklab')], async ensemble => {
      await ensemble.start();
      for (const step of [ENABLED, LEARNERS, REQUIRED]) await rollOn(ensemble, step);
      await ensemble.agrees();
      for (const { log } of ensemble.running) assert.not.match(log, /ZK_SASL_PEER/);
    });
  },
  DEADLINE,
);
