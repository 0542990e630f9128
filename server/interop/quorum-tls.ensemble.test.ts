/**
 * TLS between members of both implementations: each leads the other, observers behind masters of the other,
 * and an ensemble goes from plain text to TLS one member at a time.
 */
import * as net from 'node:net';
import { assert, suite, until } from '#test';
import { type Ensemble, type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import { BOTH_ACCEPTED, reconfigure, TestStores, TLS, TLS_DIALLED } from './tls.test-kit.ts';

const test = suite('interop: TLS between members');
const DEADLINE = { deadlineMs: 400_000 };
const QUORUM_PORT = 2888;
const NODES = 20;

/** Every member writes, and reads what the others wrote. */
async function everybodyWrites(ensemble: Ensemble, prefix: string): Promise<void> {
  const clients = await Promise.all(ensemble.running.map(member => ensemble.client(member.sid)));
  const numbers = Array.from({ length: NODES }, (_, n) => n);
  await Promise.all(
    clients.flatMap((client, i) => numbers.map(n => client.create(`/${prefix}-${i}-${n}`, `${i}`))),
  );
  for (const client of clients) {
    await client.sync();
    for (let i = 0; i < clients.length; i++)
      for (const n of numbers) assert.is(await client.get(`/${prefix}-${i}-${n}`), `${i}`);
  }
  await Promise.all(clients.map(client => client.close()));
}

test(
  'ours leads Apache over TLS, then Apache leads ours',
  async () => {
    requireApache();
    const stores = new TestStores();
    const secured = (is: MemberPlan['is']): MemberPlan => ({
      is,
      settings: TLS,
      settingsAt: host => stores.settings(host),
    });
    await withEnsemble([secured('apache'), secured('zklab'), secured('apache')], async ensemble => {
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
  'observers of each are behind masters of the other over TLS',
  async () => {
    requireApache();
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
      await withEnsemble(plans, async ensemble => {
        await ensemble.start();
        await everybodyWrites(ensemble, 'observed');
        // The leader serves its two followers alone, so the observer is behind one of those.
        assert.is(await (await ensemble.leader()).metric('synced_non_voting_followers'), 0);
        assert.is(await (await ensemble.leader()).metric('synced_observers'), 0);
        await ensemble.agrees();
      });
    }
  },
  DEADLINE,
);

/** Restarts each member with these lines, the leader last, while a client writes through another member. */
async function rollOn(ensemble: Ensemble, lines: readonly string[]): Promise<void> {
  const leader = await ensemble.leader();
  const order = [...ensemble.running.filter(member => member !== leader), leader];
  for (const member of order) {
    const witness = ensemble.running.find(other => other !== member && other !== leader)!;
    const before = await ensemble.client(witness.sid);
    const path = `/rolled-${lines.join()}-${member.sid}`.replace(/=/g, '-');
    await member.stop();
    reconfigure(ensemble, member.sid, lines);
    if (member !== leader) {
      // The quorum goes on without it.
      await before.create(path, 'x');
      await before.close();
    } else before.destroy();
    member.start();
    await member.serves();
    await Promise.all(ensemble.running.map(each => each.serves()));
    await everybodyWrites(ensemble, `after${path.slice(1)}`);
  }
}

test(
  'an ensemble of both goes from plain text to TLS one member at a time, without an outage',
  async () => {
    requireApache();
    const stores = new TestStores();
    const plain = (is: MemberPlan['is']): MemberPlan => ({ is, settingsAt: host => stores.settings(host) });
    await withEnsemble([plain('apache'), plain('zklab'), plain('zklab')], async ensemble => {
      await ensemble.start();
      for (const step of [BOTH_ACCEPTED, TLS_DIALLED, TLS]) await rollOn(ensemble, step);
      await ensemble.agrees();
      const leader = await ensemble.leader();
      // Nobody is let in without TLS in the end.
      const stranger = net.connect({ host: leader.host, port: QUORUM_PORT }, () => stranger.write('hello'));
      stranger.on('error', () => {});
      await until(() => stranger.destroyed, { deadlineMs: 30_000, what: 'the stranger to be refused' });
    });
  },
  DEADLINE,
);
