import { assert, suite } from '#test';
import {
  type Address,
  type Claim,
  claimPort,
  findPorts,
  formatAddress,
  hostsOf,
  USUAL_PORTS,
} from './ports.ts';

const test = suite('ports');

test("every member has its own IP and ZooKeeper's usual ports", async () => {
  const members = await findPorts(4, { claim: claimerWith() });
  assert.is(new Set(members.map(({ client }) => client.host)).size, 4);
  for (const member of members) {
    const { host } = member.client;
    assert.match(host, /^127\.(?!0\.)/);
    assert.is(formatAddress(member.quorum), `${host}:${USUAL_PORTS.quorum}`);
    assert.is(formatAddress(member.election), `${host}:${USUAL_PORTS.election}`);
  }
});

test('two ensembles at once get different addresses', async () => {
  const both = await Promise.all([findPorts(3), findPorts(3)]);
  const addresses = both.flat().map(({ client }) => formatAddress(client));
  assert.is(new Set(addresses).size, 6);
});

test('a block that is in use is skipped, and no claim is left', async () => {
  const held = new Set([`127.77.1.2:${USUAL_PORTS.election}`]);
  let asked = 0;
  const members = await findPorts(2, { block: () => [77, ++asked === 1 ? 1 : 2], claim: claimerWith(held) });
  assert.ok(members.every(({ client }) => client.host.startsWith('127.77.2.')));
  assert.equal([...held], [`127.77.1.2:${USUAL_PORTS.election}`]);
});

test('a claim holds its port until its release', async () => {
  const first = await claimPort({ host: '127.77.3.1', port: 0 });
  const address = { host: '127.77.3.1', port: first.port };
  assert.match(await claimPort(address).then(String, String), 'EADDRINUSE');
  await first.release();
  await (await claimPort(address)).release();
});

test('where a usual port is taken on all addresses, the system chooses; observer masters share one port', async () => {
  const free = claimerWith();
  const members = await findPorts(3, {
    claim: async address => {
      if (address.port === USUAL_PORTS.observerMaster) throw taken(address);
      return free(address);
    },
  });
  const numbers = new Set(members.map(({ observerMaster }) => observerMaster.port));
  assert.is(numbers.size, 1, 'an observer reaches all voters on one number');
  assert.not(numbers.has(USUAL_PORTS.observerMaster));
  assert.is(new Set(members.flatMap(ports => Object.values(ports).map(({ port }) => port))).size, 5);
});

test('the observer master port of members on other hosts is taken over', async () => {
  const members = await findPorts(2, { observerMaster: 41_000, claim: claimerWith() });
  assert.equal(
    members.map(({ observerMaster, quorum }) => [observerMaster.port, quorum.port]),
    [
      [41_000, USUAL_PORTS.quorum],
      [41_000, USUAL_PORTS.quorum],
    ],
  );
});

test('the search gives up after a bounded number of attempts, naming the address that was taken', async () => {
  let claims = 0;
  const claim = async () => {
    claims++;
    throw Object.assign(new Error('listen EADDRINUSE 127.1.2.3:2181'), { code: 'EADDRINUSE' });
  };
  const found = await findPorts(1, { claim }).then(String, String);
  assert.match(found, /no free ports for 1 members in 10 attempts: listen EADDRINUSE 127\.1\.2\.3:2181/);
  assert.ok(claims >= 10);
});

test('hundreds of members continue in the next block', () => {
  const hosts = hostsOf([9, 1], 255);
  assert.is(hosts[0], '127.9.1.1');
  assert.is(hosts[249], '127.9.1.250');
  assert.is(hosts[250], '127.9.2.1');
  assert.is(new Set(hosts).size, 255);
});

/** A machine on which the addresses in `held` are taken, and claimed ones are taken until their release. */
function claimerWith(held = new Set<string>()): (address: Address) => Promise<Claim> {
  let chosen = 40_000;
  return async ({ host, port: wanted }) => {
    const port = wanted === 0 ? ++chosen : wanted;
    const address = formatAddress({ host, port });
    if (held.has(address)) throw taken({ host, port });
    held.add(address);
    return { port, release: async () => void held.delete(address) };
  };
}

function taken(address: Address): Error {
  return Object.assign(new Error(`EADDRINUSE ${formatAddress(address)}`), { code: 'EADDRINUSE' });
}
