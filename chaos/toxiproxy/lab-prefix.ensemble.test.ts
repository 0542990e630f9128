/** Labs that share a Toxiproxy. */
import { execa } from 'execa';
import { assert, suite } from '#test';
import { identityOf } from '../../bench/hosts/process-identity.ts';
import { ToxiproxyClient } from './client.ts';
import { findToxiproxy } from './find.ts';
import { isLeftover, labPrefix } from './lab-prefix.ts';
import { startStandIn } from './start-stand-in.ts';

const test = suite('toxiproxy: labs that share one');

const proxy = (name: string) => ({ name, listen: '127.0.0.1:0', upstream: '127.0.0.1:1' });

test('two labs with proxies of the same names do not see, take or remove those of each other', async () => {
  const standIn = await startStandIn({ seed: 1 });
  try {
    const env = { TOXIPROXY_URL: standIn.url };
    const labs = await Promise.all([findToxiproxy({ env }), findToxiproxy({ env })]);
    const [a, b] = labs.map(({ url, proxyPrefix }) => new ToxiproxyClient(url, proxyPrefix));
    const foreign = new ToxiproxyClient(standIn.url);
    await foreign.populate([proxy('v1.v2.quorum')]);
    const [first] = await a!.populate([proxy('v1.v2.quorum')]);
    const [second] = await b!.populate([proxy('v1.v2.quorum')]);
    assert.is(first!.name, 'v1.v2.quorum');
    assert.is.not(first!.listen, second!.listen, 'the first lab keeps its proxy');
    await a!.addToxic('v1.v2.quorum', {
      ...{ name: 'slow', type: 'latency', stream: 'upstream', attributes: { latency: 9 } },
    } as const);
    await b!.removeToxic('v1.v2.quorum', 'slow');
    await b!.removeProxy('v1.v2.quorum');
    assert.equal(await a!.proxies(), [first]);
    assert.equal(await b!.proxies(), []);
    assert.is((await foreign.proxies()).length, 2);
  } finally {
    await standIn.stop();
  }
});

test('a lab that connects removes what killed labs of this machine left, and nothing else', async () => {
  const standIn = await startStandIn({ seed: 1 });
  try {
    const gone = execa('sleep', ['600'], { reject: false });
    const { pid, startTime } = identityOf(gone.pid!)!;
    const prefix = labPrefix().replace(/-\d+-\d+-([0-9a-f]+)\.$/, `-${pid}-${startTime}-$1.`);
    const names = [`${labPrefix()}a`, 'theirs', 'zklab-elsewhere-1-1-00.a'];
    const all = new ToxiproxyClient(standIn.url);
    await all.populate([`${prefix}a`, ...names].map(proxy));
    assert.not.ok(isLeftover(`${prefix}a`));
    gone.kill('SIGKILL');
    await gone;
    assert.ok(isLeftover(`${prefix}a`));
    await findToxiproxy({ env: { TOXIPROXY_URL: standIn.url } });
    assert.equal((await all.proxies()).map(({ name }) => name).sort(), [...names].sort());
  } finally {
    await standIn.stop();
  }
});
