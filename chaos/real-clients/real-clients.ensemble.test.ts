/** What applications see of a failover, through the clients that they use: Java's, the C client and kazoo. */
import { assert, requirePeer, suite, temporaryFolder, until } from '#test';
import { ZkClient } from '../../bench/load/client.ts';
import { Ensemble } from '../../bench/topology/ensemble.ts';
import { planEnsemble } from '../../bench/topology/plan.ts';
import { topologyOf } from '../../bench/topology/topology.ts';
import { CLIENT_KINDS } from './client-kind.ts';
import { RealClient } from './real-client.ts';

const test = suite('chaos/real-clients');
const DEADLINE = { deadlineMs: 400_000 };

/** Three voters with a client of each kind that has written. */
async function withClients(
  sessionTimeoutMs: number,
  body: (ensemble: Ensemble, clients: readonly RealClient[]) => Promise<void>,
): Promise<void> {
  for (const kind of CLIENT_KINDS) requirePeer(kind.name, kind.missing() === undefined, 'a real client');
  const topology = topologyOf({ voters: 3, observers: 0, implementation: 'zklab', settings: {} }, 'clients');
  const ensemble = await Ensemble.start(await planEnsemble(topology, temporaryFolder()));
  const clients: RealClient[] = [];
  try {
    const addresses = ensemble.members.map(({ ownAddress }) => ownAddress);
    const creator = await ZkClient.connect(addresses[0]!);
    for (const { name } of CLIENT_KINDS) await creator.create(`/${name}`);
    await creator.close();
    const servers = addresses.join(',');
    for (const kind of CLIENT_KINDS)
      clients.push(new RealClient({ kind, servers, path: `/${kind.name}`, sessionTimeoutMs }));
    for (const client of clients) await client.untilAcknowledged(5);
    await body(ensemble, clients);
  } finally {
    for (const client of clients) await client.stop();
    await ensemble.stop();
  }
}

test(
  'the leader is killed: each client writes on, loses no session, and what it was told is there',
  () =>
    withClients(8_000, async (ensemble, clients) => {
      const leader = await ensemble.leader();
      await leader.process.kill();
      const before = clients.map(({ experience }) => experience.acknowledged);
      for (const [at, client] of clients.entries()) await client.untilAcknowledged(before[at]! + 10);
      leader.start();
      await ensemble.ready();
      for (const client of clients) await client.stop();
      const reader = await ZkClient.connect(ensemble.members[0]!.ownAddress);
      await reader.sync('/');
      for (const { kind, experience, said } of clients) {
        const { expirations, longestGapMs, lastAcknowledged } = experience;
        process.stdout.write(`  ${kind.name}: ${JSON.stringify(experience)}\n`);
        assert.is(expirations, 0, `${kind.name} lost its session: ${said}`);
        assert.ok(longestGapMs > 0 && longestGapMs < 60_000, kind.name);
        const { data } = await reader.getData(`/${kind.name}`);
        assert.ok(
          Number(data?.toString()) >= lastAcknowledged,
          `${kind.name}: ${data} after ${lastAcknowledged}`,
        );
      }
      await reader.close();
    }),
  DEADLINE,
);

test(
  'a client that stands still for longer than its timeout is told that its session is gone, and this is counted',
  () =>
    withClients(1_500, async (_ensemble, clients) => {
      // The C client is granted 10 s, whatever is asked for.
      const short = clients.filter(({ kind }) => kind.name !== 'c');
      for (const client of short) client.signal('SIGSTOP');
      const stoppedAt = performance.now();
      await until(() => performance.now() - stoppedAt > 4_000, {
        deadlineMs: 60_000,
        what: 'sessions to expire',
      });
      for (const client of short) client.signal('SIGCONT');
      await until(() => short.every(({ experience }) => experience.expirations > 0), {
        deadlineMs: 60_000,
        what: 'the clients to notice',
      });
    }),
  DEADLINE,
);
