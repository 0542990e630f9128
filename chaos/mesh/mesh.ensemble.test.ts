import { readFileSync } from 'node:fs';
import { assert, temporaryFolder } from '#test';
import { parseLinkMap } from '../../server/runtime/addresses/link-map.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { Dialed } from '../testing/dialed.ts';
import { eachToxiproxy } from '../testing/each-toxiproxy.ts';
import { EchoEnsemble } from '../testing/echo-ensemble.ts';
import { ToxiproxyClient } from '../toxiproxy/client.ts';
import type { Toxiproxy } from '../toxiproxy/toxiproxy.ts';
import { Mesh, type MeshOptions } from './mesh.ts';

eachToxiproxy('mesh', test => {
  test('every directed pair and port has its own proxy, and every member has one for clients', async toxiproxy => {
    await withEnsemble(toxiproxy, async ({ mesh }) => {
      const count = (kind: string) => mesh.links.filter(link => link.kind === kind).length;
      assert.equal(
        [count('election'), count('quorum'), count('observerMaster'), count('client')],
        [6, 6, 6, 3],
      );
      assert.is(new Set(mesh.links.map(({ proxied }) => proxied)).size, 21);
    });
  });

  test('a link map routes each dial through the proxy of exactly that pair', async toxiproxy => {
    await withEnsemble(toxiproxy, async ({ mesh, context }) => {
      for (const link of mesh.links.filter(({ from }) => from !== 'client')) {
        const file = mesh.linkMapFile(link.from);
        const to = parseLinkMap(readFileSync(file, 'utf8'), file).get(link.address)!;
        assert.is(`${to.host}:${to.port}`, link.proxied);
      }
      const map = JSON.parse(readFileSync(mesh.linkMapFile('zk1'), 'utf8'));
      assert.is(Object.keys(map).length, 6, 'two other members with three ports each, none of its own');

      await context.client.setEnabled('zk1.zk2.quorum', false);
      const proxied = (name: string) => mesh.links.find(link => link.name === name)!.proxied;
      assert.is((await Dialed.to(proxied('zk1.zk2.quorum'))).errorCode, 'ECONNREFUSED');
      const reverse = await Dialed.to(proxied('zk2.zk1.quorum'));
      await reverse.roundTrip('x');
      reverse.close();
    });
  });

  test('pairs without proxies dial each other directly', async toxiproxy => {
    const client = new ToxiproxyClient(toxiproxy.url);
    const at = (port: number) => ({ host: '127.0.0.1', port });
    const members = ['participant', 'participant', 'observer'].map((role, index) => ({
      name: `zk${index + 1}`,
      sid: index + 1,
      role,
      ports: { quorum: at(7000 + index), election: at(7100 + index), client: at(7200 + index) },
    }));
    const isProxied: MeshOptions['isProxied'] = (from, to) => [from.role, to.role].includes('observer');
    const mesh = await Mesh.build({ client, members, isProxied, folder: temporaryFolder() });
    try {
      const between = mesh.links
        .filter(({ from }) => from !== 'client')
        .map(({ from, to }) => `${from} ${to}`);
      assert.equal([...new Set(between)].sort(), ['zk1 zk3', 'zk2 zk3', 'zk3 zk1', 'zk3 zk2']);
      const file = mesh.linkMapFile('zk1');
      const map = parseLinkMap(readFileSync(file, 'utf8'), file);
      assert.equal([...map.keys()].sort(), ['127.0.0.1:7002', '127.0.0.1:7102'], 'only the observer');
    } finally {
      await mesh.remove();
    }
  });

  test('clients reach a member at its proxied client address', async toxiproxy => {
    await withEnsemble(toxiproxy, async ensemble => {
      const client = await Dialed.to(ensemble.mesh.clientAddress('zk2'));
      await client.roundTrip('x');
      assert.is(ensemble.server('zk2', 'client').connections, 1);
      client.close();
      assert.throws(() => ensemble.mesh.clientAddress('zk9'), /no member zk9; members are zk1, zk2, zk3/);
    });
  });

  test('a selection uses the roles of the moment', async toxiproxy => {
    await withEnsemble(toxiproxy, async ({ mesh, roles }) => {
      const select = async () =>
        (
          await mesh.select(
            { from: { role: 'observer' }, to: { role: 'leader' }, kinds: ['quorum'] },
            new SeededRandom(1),
          )
        ).map(({ name }) => name);
      assert.equal(await select(), ['zk3.zk1.quorum']);
      roles.set('zk1', 'follower').set('zk2', 'leader');
      assert.equal(await select(), ['zk3.zk2.quorum']);
    });
  });

  test('removing a mesh deletes all its proxies and leaves those of others', async toxiproxy => {
    const client = new ToxiproxyClient(toxiproxy.url);
    await client.populate([{ name: 'of-another', listen: '127.0.0.1:0', upstream: '127.0.0.1:1' }]);
    await withEnsemble(toxiproxy, async () => {});
    assert.equal(
      (await client.proxies()).map(({ name }) => name),
      ['of-another'],
    );
    await client.removeProxy('of-another');
  });

  test('a mesh that cannot be completed leaves no proxy behind', async toxiproxy => {
    const client = new (class extends ToxiproxyClient {
      override async populate(proxies: Parameters<ToxiproxyClient['populate']>[0]): Promise<never> {
        await super.populate(proxies.slice(0, 2));
        throw new Error('planted');
      }
    })(toxiproxy.url);
    const at = { host: '127.0.0.1', port: 1 };
    const ports = { quorum: at, election: at, client: at };
    const members = ['zk1', 'zk2'].map((name, index) => ({ name, sid: index, role: 'participant', ports }));
    assert.match(
      await Mesh.build({ client, members, folder: '/nonexistent' }).then(String, String),
      'planted',
    );
    assert.equal(await client.proxies(), []);
  });

  test('names that do not fit into a URL or occur twice are refused before any proxy is created', async toxiproxy => {
    const client = new ToxiproxyClient(toxiproxy.url);
    const at = { host: '127.0.0.1', port: 1 };
    const member = (name: string) => ({
      name,
      sid: 1,
      role: 'x',
      ports: { quorum: at, election: at, client: at },
    });
    for (const names of [['a/b'], ['a.b'], [''], ['client'], ['a', 'a']]) {
      const built = Mesh.build({ client, members: names.map(member), folder: '/nonexistent' });
      assert.match(
        await built.then(String, String),
        'accepted are letters, digits, - and _, and names must be unique',
      );
    }
    assert.equal(await client.proxies(), []);
  });
});

async function withEnsemble(
  toxiproxy: Toxiproxy,
  body: (ensemble: EchoEnsemble) => Promise<void>,
): Promise<void> {
  const roles = new Map([
    ['zk1', 'leader'],
    ['zk2', 'follower'],
    ['zk3', 'observer'],
  ]);
  const client = new ToxiproxyClient(toxiproxy.url);
  const ensemble = await EchoEnsemble.start(roles, { client, folder: temporaryFolder() });
  try {
    await body(ensemble);
  } finally {
    await ensemble.stop();
  }
}
