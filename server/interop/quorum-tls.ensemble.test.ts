/**
 * TLS between members of both implementations: each leads the other, observers behind masters of the other,
 * and an ensemble goes from plain text to TLS one member at a time.
 */
import * as net from 'node:net';
import * as tls from 'node:tls';
import { assert, suite, until } from '#test';
import { TestAuthority } from '../runtime/tls/certificates.test-kit.ts';
import { type MemberPlan, ofRelease, withEnsemble } from './ensemble.test-kit.ts';
import { apache, RELEASES, requireApache } from './member.test-kit.ts';
import { everybodyWrites, rollOn } from './rolling-upgrade.test-kit.ts';
import { BOTH_ACCEPTED, DIALS_FROM, TestStores, TLS, TLS_DIALLED } from './tls.test-kit.ts';

const test = suite('interop: TLS between members');
const DEADLINE = { deadlineMs: 400_000 };
const QUORUM_PORT = 2888;

for (const release of RELEASES) {
  test(
    `ours leads ${apache(release)} over TLS, then ${apache(release)} leads ours`,
    async () => {
      requireApache(release);
      const stores = new TestStores();
      const secured = (is: MemberPlan['is']): MemberPlan => ({
        is,
        settings: TLS,
        settingsAt: host => stores.settings(host),
      });
      const plans = ofRelease(release, [secured('apache'), secured('zklab'), secured('apache')]);
      await withEnsemble(plans, async ensemble => {
        await ensemble.startLedBy(2);
        await everybodyWrites(ensemble, 'ours-leads');
        assert.ok((await ensemble.agrees()) >= 0);
        await ensemble.member(2).kill();
        await ensemble.member(3).serves('leader');
        await ensemble.start(2);
        assert.is(await ensemble.member(2).mode(), 'follower');
        await everybodyWrites(ensemble, 'apache-leads');
        await ensemble.agrees();
      });
    },
    DEADLINE,
  );

  test(
    `observers of each are behind masters of the other over TLS: ${apache(release)}`,
    async () => {
      requireApache(release);
      const stores = new TestStores();
      const secured = (is: MemberPlan['is'], observer = false): MemberPlan => ({
        is,
        observer,
        settings: [...TLS, 'observerMasterPort=2191'],
        settingsAt: host => stores.settings(host),
      });
      for (const [voters, observers] of [
        ['zklab', 'apache'],
        ['apache', 'zklab'],
      ] as const) {
        const plans = [secured(voters), secured(voters), secured(voters), secured(observers, true)];
        await withEnsemble(ofRelease(release, plans), async ensemble => {
          await ensemble.start(1, 2, 3);
          await ensemble.start(4);
          // An observer takes any master, even our leader, so it is restarted until it is behind a follower.
          const leader = await ensemble.leader();
          while ((await leader.metric('synced_observers')) !== 0) {
            await ensemble.member(4).kill();
            await ensemble.start(4);
          }
          await everybodyWrites(ensemble, 'behind-a-follower');
          await ensemble.agrees();
        });
      }
    },
    DEADLINE,
  );
}

test(
  'an ensemble of both implementations goes from plain text to TLS one member at a time, without an outage',
  async () => {
    requireApache();
    const stores = new TestStores();
    const plain = (is: MemberPlan['is']): MemberPlan => ({ is, settingsAt: host => stores.settings(host) });
    await withEnsemble([plain('apache'), plain('zklab'), plain('zklab')], async ensemble => {
      await ensemble.start();
      for (const step of [BOTH_ACCEPTED, TLS_DIALLED, TLS]) await rollOn(ensemble, step);
      await ensemble.agrees();
      const leader = await ensemble.leader();
      // In the end no port accepts anybody without TLS.
      const stranger = net.connect({ host: leader.host, port: QUORUM_PORT }, () => stranger.write('hello'));
      stranger.on('error', () => {});
      await until(() => stranger.destroyed, { deadlineMs: 30_000, what: 'the stranger to be refused' });
    });
  },
  DEADLINE,
);

test(
  'sslQuorumReloadCertFiles: members of both change their authority, and none of them is restarted for it',
  async () => {
    requireApache();
    const stores = new TestStores();
    const next = new TestAuthority('next');
    const plan = (is: MemberPlan['is']): MemberPlan => ({
      is,
      settings: [...TLS, 'sslQuorumReloadCertFiles=true'],
      settingsAt: host => stores.settings(host),
    });
    await withEnsemble([plan('zklab'), plan('zklab'), plan('apache')], async ensemble => {
      await ensemble.startLedBy(2);
      const ours = [1, 2].map(sid => ensemble.member(sid));
      const looks = () => ours.map(({ log }) => log.split('TLS between members is on').length - 1);
      /** Changes the stores, and restarts a member, which comes back over new connections. */
      const changed = async (change: () => void, returns: number): Promise<void> => {
        const before = looks();
        change();
        await until(() => looks().every((count, i) => count > before[i]!), {
          deadlineMs: 60_000,
          what: 'both of ours to read the stores again',
        });
        const member = ensemble.member(returns);
        await member.kill();
        member.start();
        await member.serves('follower');
        await everybodyWrites(ensemble, `after-${before.join('-')}`);
      };
      await changed(() => stores.trust(stores.authority, next), 3);
      await changed(() => stores.renew(next), 3);
      await changed(() => stores.trust(next), 1);
      await ensemble.agrees();
      // Whoever still has a certificate of the former authority is a stranger.
      const { certificate: cert, privateKey: key } = stores.authority.issue('former', DIALS_FROM);
      const former = tls.connect({
        host: ours[1]!.host,
        port: QUORUM_PORT,
        cert,
        key,
        rejectUnauthorized: false,
      });
      former.on('error', () => {});
      former.resume();
      await until(() => former.destroyed && /CN=former is not accepted/.test(ours[1]!.log), {
        deadlineMs: 30_000,
        what: 'the refusal',
      });
    });
  },
  DEADLINE,
);
