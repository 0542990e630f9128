/**
 * Members of both implementations where there is IPv6 alone, and where names have an address of each family.
 */
import { fileURLToPath } from 'node:url';
import { assert, suite, until } from '#test';
import { type Ensemble, type MemberPlan, type Place, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import { partToRun, runPart, type World } from './namespace.test-kit.ts';
import { sameTrees } from './same-trees.test-kit.ts';
import { ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: IPv6 and dual-stack names');
const DEADLINE = { deadlineMs: 500_000 };
const NODES_EACH = 20;

const V6 = (i: number) => `fd00:7a6b::${i}`;
const V4 = (i: number) => `127.7.0.${i}`;
const SIDS = [1, 2, 3];

async function everybodyWrites(ensemble: Ensemble, prefix: string): Promise<void> {
  for (const member of ensemble.running) {
    const client = await ensemble.client(member.sid);
    const numbers = Array.from({ length: NODES_EACH }, (_, n) => n);
    await Promise.all(numbers.map(n => client.create(`/${prefix}-${member.sid}-${n}`, `by ${member.sid}`)));
    await client.close();
  }
}

/** Each member is killed once, misses some writes, and comes back; in the end the trees are equal. */
async function eachIsKilledOnce(places: readonly Place[], more?: (ensemble: Ensemble) => Promise<void>) {
  requireApache();
  const plans: MemberPlan[] = [{ is: 'apache' }, { is: 'zklab' }, { is: 'apache' }];
  const body = async (ensemble: Ensemble) => {
    await ensemble.startLedBy(2);
    await everybodyWrites(ensemble, 'ours-leads');
    await more?.(ensemble);
    for (const sid of [2, 3, 1]) {
      await ensemble.member(sid).kill();
      await ensemble.leader();
      // Its followers may not serve yet: a JVM takes its time to begin.
      await Promise.all(ensemble.running.map(member => member.serves()));
      await everybodyWrites(ensemble, `without-${sid}`);
      await ensemble.start(sid);
      await everybodyWrites(ensemble, `with-${sid}`);
    }
    assert.ok((await sameTrees(ensemble)).length > 0, 'nodes were compared');
  };
  await withEnsemble(plans, body, [], places);
}

const answersAt = async (ensemble: Ensemble, sid: number, host: string): Promise<boolean> =>
  /^Mode: /m.test(await ensemble.member(sid).word('srvr', host));

interface Part {
  readonly title: string;
  readonly world: World;
  run(): Promise<void>;
}

const bothFamilies: World = {
  addresses: SIDS.map(i => `${V6(i)}/128`),
  hosts: [
    '127.0.0.1 localhost',
    '::1 localhost',
    ...SIDS.flatMap(i => [`${V6(i)} zk${i}`, `${V4(i)} zk${i}`]),
  ],
  families: 'both',
};

/** `dial`: where Apache's members listen, which is one address of their names. */
async function dualStackNames(dial: (i: number) => string): Promise<void> {
  const places = SIDS.map(i => ({ name: `zk${i}`, dial: dial(i) }));
  await eachIsKilledOnce(places, async ensemble => {
    for (const host of [V4(2), V6(2)]) {
      assert.is(await answersAt(ensemble, 2, host), true, `ours at ${host}`);
      const client = await ZkClient.connect(host);
      assert.is(await client.get('/ours-leads-1-0'), 'by 1');
      await client.close();
    }
  });
}

const parts: Readonly<Record<string, Part>> = {
  ipv6: {
    title: 'field report C2: members with IPv6 alone, as [addresses] and by names',
    world: { ...bothFamilies, hosts: SIDS.map(i => `${V6(i)} zk${i}`), families: 'ipv6' },
    run: () =>
      eachIsKilledOnce([
        { name: `[${V6(1)}]`, dial: V6(1) },
        { name: `[${V6(2)}]`, dial: V6(2) },
        { name: 'zk3', dial: 'zk3' },
      ]),
  },
  names: {
    title: 'field report C3: names with an address of each family, of which Java takes that of IPv4',
    world: bothFamilies,
    run: () => dualStackNames(V4),
  },
  names6: {
    title: 'field report C3: names with an address of each family, of which Java takes that of IPv6',
    world: { ...bothFamilies, env: { JAVA_TOOL_OPTIONS: '-Djava.net.preferIPv6Addresses=true' } },
    run: () => dualStackNames(V6),
  },
  localhost: {
    title: 'field report C3: three members at one localhost of both families, each with ports of its own',
    world: bothFamilies,
    run: () =>
      eachIsKilledOnce(
        SIDS.map(i => ({
          name: 'localhost',
          dial: '127.0.0.1',
          ports: { client: 2180 + i, quorum: 2887 + i, election: 3887 + i },
        })),
        async ensemble => {
          for (const host of ['127.0.0.1', '::1']) assert.is(await answersAt(ensemble, 2, host), true, host);
        },
      ),
  },
  ports: {
    title: 'field report C2: a client port and an AdminServer without an address are on both families',
    world: bothFamilies,
    run: () => portsAlone(['127.0.0.1', '::1', V4(1), V6(1)], []),
  },
  ipv4: {
    title: 'field report C2: where there is no IPv6, they are on IPv4',
    world: { addresses: [], hosts: ['127.0.0.1 localhost'], families: 'ipv4' },
    run: () => portsAlone(['127.0.0.1', V4(1)], ['::1']),
  },
};

/** A lone server whose configuration names a client port and nothing else. */
async function portsAlone(here: readonly string[], notHere: readonly string[]): Promise<void> {
  const settings = ['standaloneEnabled=true', 'admin.enableServer=true', 'admin.serverPort=8080'];
  const place = { name: 'localhost', dial: here[0]!, everywhere: true };
  const body = async (ensemble: Ensemble) => {
    await ensemble.start();
    for (const host of here) {
      assert.match(await ensemble.member(1).word('srvr', host), /^Mode: standalone$/m, host);
      const url = `http://${host.includes(':') ? `[${host}]` : host}:8080/commands/ruok`;
      const admin = () =>
        fetch(url).then(
          response => response.status,
          () => 0,
        );
      await until(async () => (await admin()) === 200, { deadlineMs: 30_000, what: url });
    }
    for (const host of notHere) {
      const refused = await ensemble
        .member(1)
        .word('srvr', host)
        .catch((error: Error) => error.message);
      assert.match(refused, /EADDRNOTAVAIL|ECONNREFUSED|ENETUNREACH/);
    }
  };
  await withEnsemble([{ is: 'zklab' }], body, settings, [place]);
}

const wanted = partToRun();
for (const [name, { title, world, run }] of Object.entries(parts)) {
  if (wanted === undefined) test(title, () => runPart(fileURLToPath(import.meta.url), name, world), DEADLINE);
  else if (wanted === name) test(title, run, DEADLINE);
}
