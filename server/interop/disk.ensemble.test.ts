/**
 * One data directory, two servers in turn. Apache's server goes on from the files that ours left, and the
 * reverse, after a stop and after kill -9. A whole ensemble is opened, so that epochs, myid and sessions are
 * used and not only data.
 */
import { assert, suite } from '#test';
import { type Ensemble, ofRelease, withEnsemble } from './ensemble.test-kit.ts';
import { apache, type Implementation, RELEASES, requireApache } from './member.test-kit.ts';
import { EPHEMERAL, SEQUENTIAL } from './zk-client.test-kit.ts';

const test = suite('interop: one data directory for both');
const DEADLINE = { deadlineMs: 400_000 };
/** With this value there are snapshots, several log files, and logs behind the last snapshot. */
const SETTINGS = ['snapCount=60'];
const NODES = 150;

async function fill(ensemble: Ensemble, prefix: string): Promise<void> {
  const client = await ensemble.client(1);
  await client.create(`/${prefix}`);
  const all = Array.from({ length: NODES }, () => client.create(`/${prefix}/n-`, prefix, SEQUENTIAL));
  await Promise.all(all);
  for (let n = 0; n < NODES; n += 3) {
    const path = `/${prefix}/n-${String(n).padStart(10, '0')}`;
    if (n % 2 === 0) await client.delete(path);
    else await client.set(path, 'changed');
  }
  await client.close();
}

async function holds(ensemble: Ensemble, prefix: string): Promise<void> {
  const client = await ensemble.client(2);
  await client.sync();
  const children = await client.children(`/${prefix}`);
  assert.is(children.length, NODES - NODES / 6);
  assert.is(await client.get(`/${prefix}/n-0000000001`), prefix);
  assert.is(await client.get(`/${prefix}/n-0000000003`), 'changed');
  const stat = await client.exists(`/${prefix}`);
  assert.is(stat?.cversion, 2 * NODES - children.length);
  await client.close();
}

async function handOver(ensemble: Ensemble, to: Implementation, how: 'stop' | 'kill'): Promise<void> {
  await Promise.all(ensemble.running.map(member => (how === 'kill' ? member.kill() : member.stop())));
  for (const member of ensemble.members.values()) member.implementation = to;
  await ensemble.start();
}

const WAYS = [['stop', RELEASES[0]], ...RELEASES.map(release => ['kill', release] as const)] as const;

for (const [how, release] of WAYS) {
  for (const [first, second] of [
    ['zklab', 'apache'],
    ['apache', 'zklab'],
  ] as const) {
    test(
      `${second} goes on from the files of ${first} after a ${how}, and ${first} from those: ${apache(release)}`,
      async () => {
        requireApache(release);
        await withEnsemble(
          ofRelease(release, [{ is: first }, { is: first }]),
          async ensemble => {
            await ensemble.start();
            await fill(ensemble, 'one');
            const owner = await ensemble.client(1);
            await owner.create('/mine', 'm', EPHEMERAL);
            const { session } = owner;

            await handOver(ensemble, second, how);
            await holds(ensemble, 'one');
            await fill(ensemble, 'two');
            const moved = await ensemble.client(2, { session });
            assert.is((await moved.exists('/mine'))?.ephemeralOwner, session.sessionId);
            assert.ok((await ensemble.agrees()) > 0, 'digests were compared');

            await handOver(ensemble, first, how);
            await holds(ensemble, 'one');
            await holds(ensemble, 'two');
            const back = await ensemble.client(1, { session });
            await back.close();
            const after = await ensemble.client(2);
            await after.sync();
            assert.is(await after.exists('/mine'), null);
            await fill(ensemble, 'three');
            assert.ok((await ensemble.agrees()) > 0, 'digests were compared');
          },
          SETTINGS,
        );
      },
      DEADLINE,
    );
  }
}
