/**
 * One ensemble of Apache's servers and ours: each implementation leads the other, and what is promised to
 * clients holds across a change of leader.
 */
import { assert, suite, until } from '#test';
import { type Ensemble, ofRelease, withEnsemble } from './ensemble.test-kit.ts';
import { apache, RELEASES, requireApache } from './member.test-kit.ts';
import { EPHEMERAL, type ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: mixed ensembles');
const DEADLINE = { deadlineMs: 400_000 };
const APACHE_AND_OURS = [{ is: 'apache' }, { is: 'zklab' }, { is: 'apache' }] as const;

/** Enough that the history of digests, one for every 128th zxid, has something to compare. */
const NODES_EACH = 50;

/** Each member writes nodes; every member reads all of them. */
async function everybodyWrites(ensemble: Ensemble, prefix: string): Promise<void> {
  const clients = await Promise.all(ensemble.running.map(member => ensemble.client(member.sid)));
  const numbers = Array.from({ length: NODES_EACH }, (_, n) => n);
  await Promise.all(
    clients.flatMap((client, i) => numbers.map(n => client.create(`/${prefix}-${i}-${n}`, `from ${i}`))),
  );
  for (const client of clients) {
    await client.sync();
    for (let i = 0; i < clients.length; i++) {
      const read = await Promise.all(numbers.map(n => client.get(`/${prefix}-${i}-${n}`)));
      assert.equal(new Set(read), new Set([`from ${i}`]));
    }
  }
  await Promise.all(clients.map(client => client.close()));
}

/** A watch set through one member fires for a write through another. */
async function watchesFire(from: ZkClient, to: ZkClient, path: string): Promise<void> {
  assert.is(await to.exists(path, true), null);
  await from.create(path, '1');
  await until(() => to.events.includes(`1 ${path}`), { deadlineMs: 60_000, what: `NodeCreated ${path}` });
  await to.sync();
  assert.is(await to.get(path, true), '1');
  await from.set(path, '2');
  await until(() => to.events.includes(`3 ${path}`), { deadlineMs: 60_000, what: `NodeDataChanged ${path}` });
}

for (const release of RELEASES) {
  test(
    `ours leads ${apache(release)}, then ${apache(release)} leads ours, then the other: data, ephemerals and sessions survive`,
    async () => {
      requireApache(release);
      await withEnsemble(ofRelease(release, APACHE_AND_OURS), async ensemble => {
        await ensemble.startLedBy(2);
        assert.is((await ensemble.leader()).sid, 2);
        await everybodyWrites(ensemble, 'ours-leads');
        const one = await ensemble.client(1);
        const three = await ensemble.client(3);
        await watchesFire(one, three, '/w1');
        await one.create('/mine', 'of one', EPHEMERAL);
        assert.ok((await ensemble.agrees()) > 0, 'digests were compared');
        const session = one.session;

        await ensemble.member(2).kill();
        await until(() => one.closed && three.closed, {
          deadlineMs: 60_000,
          what: 'Apache to drop its clients',
        });
        await ensemble.member(3).serves('leader');
        await ensemble.start(2);
        assert.is(await ensemble.member(2).mode(), 'follower');

        // The session of Apache's member 1, created under our leader, goes on at our follower under Apache's
        // leader.
        const two = await ensemble.client(2, { session });
        assert.ok((await two.exists('/mine'))?.ephemeralOwner === session.sessionId);
        await everybodyWrites(ensemble, 'apache-leads');
        await watchesFire(two, await ensemble.client(1), '/w2');
        await two.close();
        const left = await ensemble.client(1);
        await left.sync();
        assert.is(await left.exists('/mine'), null);
        assert.ok((await ensemble.agrees()) > 0, 'digests were compared');
      });
    },
    DEADLINE,
  );
}

test(
  'one of ours and two of Apache’s: each in turn leads when it has the longest history',
  async () => {
    requireApache();
    await withEnsemble(APACHE_AND_OURS, async ensemble => {
      await ensemble.startLedBy(3);
      await everybodyWrites(ensemble, 'third-leads');

      // Member 1 is ahead of ours, which was away: between the two of them it leads by its zxid.
      await ensemble.member(2).kill();
      await everybodyWrites(ensemble, 'without-ours');
      await ensemble.agrees();
      await ensemble.member(3).kill();
      await ensemble.start(2);
      assert.is((await ensemble.leader()).sid, 1);
      await ensemble.start(3);
      await everybodyWrites(ensemble, 'first-leads');
      assert.ok((await ensemble.agrees()) > 0, 'digests were compared');

      // Ours is ahead of member 3.
      await ensemble.member(3).kill();
      await everybodyWrites(ensemble, 'without-third');
      await ensemble.agrees();
      await ensemble.member(1).kill();
      await ensemble.start(3);
      assert.is((await ensemble.leader()).sid, 2);
      await ensemble.start(1);
      await everybodyWrites(ensemble, 'second-leads');
      assert.ok((await ensemble.agrees()) > 0, 'digests were compared');
    });
  },
  DEADLINE,
);
