/** Sink observers against real leaders and masters: they are told every commit, and come back by DIFF. */
import { assert, quickJava, requirePeer, suite, temporaryFolder, until } from '#test';
import { findApacheZooKeeper } from '../hosts/apache-zookeeper.ts';
import { ZkClient } from '../load/client/client.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { planEnsemble } from '../topology/plan.ts';
import { readTopology } from '../topology/read-topology.ts';
import { SINKS_MAX, Sinks } from './sinks.ts';

const test = suite('sinks');
const SERVING_MAX_MS = 60_000;
const WRITES = 50;
const COUNT = 20;
const SETTINGS = { deadlineMs: 180_000 };

async function withEnsemble(topology: string, body: (ensemble: Ensemble) => Promise<void>): Promise<void> {
  const plan = await planEnsemble(readTopology(topology), temporaryFolder());
  const ensemble = await Ensemble.start(plan, { javaFlags: quickJava(128) });
  try {
    await body(ensemble);
  } finally {
    await ensemble.stop();
  }
}

async function withSinks(
  masters: readonly { host: string; port: number }[],
  body: (sinks: Sinks) => Promise<void>,
): Promise<void> {
  const sinks = await Sinks.start({ count: COUNT, masters });
  try {
    await body(sinks);
  } finally {
    await sinks.stop();
  }
}

/** Every sink is told of every write. @param path of a znode that does not exist yet */
async function toldOfWrites(ensemble: Ensemble, sinks: Sinks, path: string): Promise<void> {
  const client = await ZkClient.connect(ensemble.connectString('participant'));
  try {
    let told = (await sinks.use()).informs;
    await client.create(path, '');
    for (let i = 0; i < WRITES; i++) await client.setData(path, String(i));
    told += (WRITES + 1) * COUNT;
    await until(async () => (await sinks.use()).informs >= told, {
      deadlineMs: SERVING_MAX_MS,
      what: `${WRITES} writes to reach ${COUNT} sinks`,
    });
  } finally {
    await client.close();
  }
}

const quorumPorts = ({ plan }: Ensemble) => plan.members.map(({ ports }) => ports.quorum);

for (const server of ['zklab', 'apache'])
  test(
    `${server}: sinks find the leader among the voters, and are told every commit, after its loss too`,
    async () => {
      if (server === 'apache')
        requirePeer('apache zookeeper', findApacheZooKeeper(), 'the lab starts it like every member');
      await withEnsemble(`voters=3 server=${server}`, async ensemble => {
        await withSinks(quorumPorts(ensemble), async sinks => {
          await sinks.untilServing(SERVING_MAX_MS);
          await toldOfWrites(ensemble, sinks, '/first');
          const leader = await ensemble.leaderWithin();
          await leader.process.kill();
          await until(async () => (await sinks.use()).serving < COUNT, {
            deadlineMs: SERVING_MAX_MS,
            what: 'the sinks to lose their leader',
          });
          await sinks.untilServing(SERVING_MAX_MS);
          await ensemble.restart(leader.name);
          await ensemble.ready();
          await toldOfWrites(ensemble, sinks, '/second');
        });
      });
    },
    SETTINGS,
  );

test(
  'sinks behind observer masters are told every commit by followers',
  async () => {
    await withEnsemble('voters=3 observers=1 masters=on', async ensemble => {
      const leader = await ensemble.leaderWithin();
      const masters = ensemble.members.filter(
        ({ plan }) => plan.role === 'participant' && plan !== leader.plan,
      );
      await withSinks(
        masters.map(({ plan }) => plan.ports.observerMaster),
        async sinks => {
          await sinks.untilServing(SERVING_MAX_MS);
          await toldOfWrites(ensemble, sinks, '/masters');
        },
      );
    });
  },
  SETTINGS,
);

test('a number of sinks that no machine of this kind holds is refused', async () => {
  const masters = [{ host: '127.0.0.1', port: 1 }];
  const error = await Sinks.start({ count: SINKS_MAX + 1, masters }).catch((thrown: Error) => thrown);
  assert.match(String(error), /2001 sinks: a whole number from 0 to 2000 is accepted/);
});

test('sinks that no master serves are an error with their number and the reason', async () => {
  await withSinks([{ host: '127.0.0.1', port: 1 }], async sinks => {
    const error = await sinks.untilServing(300).catch((thrown: Error) => thrown);
    assert.match(String(error), /0 of 20 sinks served within 300 ms; the last loss: .*ECONNREFUSED/);
  });
});
