import { assert, temporaryFolder, until } from '#test';
import { Dialed } from '../testing/dialed.ts';
import { eachToxiproxy } from '../testing/each-toxiproxy.ts';
import { EchoEnsemble } from '../testing/echo-ensemble.ts';
import { type ToxicRequest, ToxiproxyClient } from '../toxiproxy/client.ts';
import { blackhole } from './blackhole.ts';
import type { LinkFaultContext } from './context.ts';
import type { ActiveFault, BiteProof, Fault } from './fault.ts';
import { latency } from './latency.ts';
import { refuse } from './refuse.ts';

const SOON = { deadlineMs: 60_000 };
const observerToLeader = { from: { role: 'observer' }, to: { role: 'leader' }, kinds: ['quorum'] } as const;
const all: readonly Fault<LinkFaultContext>[] = [
  latency({ select: { ...observerToLeader, both: true }, latencyMs: 60 }),
  refuse({ select: observerToLeader }),
  blackhole({ select: { ...observerToLeader, both: true } }),
];

/**
 * What faults of links do to the bytes of members that echo, and what their proofs do not mistake for a bite.
 * That each of them bites and is healed is shown in `every-link-fault.ensemble.test.ts`.
 */
eachToxiproxy('faults of links', test => {
  for (const fault of all) {
    test(`planted: ${fault.name} that lands on another link is seen not to bite`, async toxiproxy => {
      await withEnsemble(new Misrouting(toxiproxy.url), async ensemble => {
        const active = await fault.inject(ensemble.context);
        const proof = await answered(active);
        assert.not.ok(proof.bit, JSON.stringify(proof));
        await active.heal();
      });
    });
  }

  test('one-way latency delays only the bytes of its direction, whoever dialed', async toxiproxy => {
    await withEnsemble(new ToxiproxyClient(toxiproxy.url), async ensemble => {
      const { context, mesh } = ensemble;
      const select = { from: { role: 'leader' }, to: { role: 'observer' }, kinds: ['quorum'] } as const;
      const active = await latency({ select, latencyMs: 500 }).inject(context);
      const link = mesh.links.find(({ name }) => name === 'zk3.zk1.quorum')!;
      const learner = await Dialed.to(link.proxied);
      const start = performance.now();
      const before = ensemble.server('zk1', 'quorum').receivedBytes;
      learner.send('request');
      await until(() => ensemble.server('zk1', 'quorum').receivedBytes >= before + 7, {
        ...SOON,
        what: 'the request',
      });
      if (performance.now() - start < 495) assert.is(learner.receivedBytes, 0);
      await learner.until(() => learner.receivedBytes === 7);
      assert.ok(performance.now() - start >= 495);
      assert.ok((await active.proveBite()).bit);
      await active.heal();
      learner.close();
    });
  });

  test('a one-way blackhole lets requests through but no answers, and the connection stays until the heal', async toxiproxy => {
    await withEnsemble(new ToxiproxyClient(toxiproxy.url), async ensemble => {
      const { context, mesh } = ensemble;
      const link = mesh.links.find(({ name }) => name === 'zk3.zk1.quorum')!;
      const learner = await Dialed.to(link.proxied);
      await learner.roundTrip('x');
      const select = { from: { role: 'leader' }, to: { role: 'observer' }, kinds: ['quorum'] } as const;
      const active = await blackhole({ select }).inject(context);
      const received = () => ensemble.server('zk1', 'quorum').receivedBytes;
      const before = received();
      learner.send('12345');
      await until(() => received() >= before + 5, { ...SOON, what: 'the request' });
      assert.ok((await active.proveBite()).bit);
      assert.equal([learner.receivedBytes, learner.closed], [1, false]);
      await active.heal();
      await learner.untilClosed();
    });
  });

  test('planted: a blackhole in the wrong direction is as silent, and the missing bytes tell them apart', async toxiproxy => {
    await withEnsemble(new Reversing(toxiproxy.url), async ({ context }) => {
      const select = { from: { role: 'observer' }, to: { role: 'leader' }, kinds: ['quorum'] } as const;
      const active = await blackhole({ select }).inject(context);
      const proof = await active.proveBite();
      assert.is(proof.after['zk3.zk1.quorum outcome'], 'silent');
      assert.is(proof.after['zk3.zk1.quorum lostBytes'], 0);
      assert.not.ok(proof.bit);
      await active.heal();
    });
  });

  test('refuse breaks existing connections', async toxiproxy => {
    await withEnsemble(new ToxiproxyClient(toxiproxy.url), async ({ context, mesh }) => {
      const learner = await Dialed.to(mesh.links.find(({ name }) => name === 'zk3.zk1.quorum')!.proxied);
      await learner.roundTrip('x');
      const active = await refuse({ select: observerToLeader }).inject(context);
      await learner.untilClosed();
      await active.heal();
    });
  });

  test('a fault acts on the links of the present leader, not of the leader when it was created', async toxiproxy => {
    await withEnsemble(new ToxiproxyClient(toxiproxy.url), async ({ context, roles }) => {
      const fault = refuse({ select: observerToLeader });
      roles.set('zk1', 'follower').set('zk2', 'leader');
      const active = await fault.inject(context);
      assert.equal(active.links, ['zk3.zk2.quorum']);
      await active.heal();
    });
  });

  test('links without a listener prove nothing and are measured only when there are no others', async toxiproxy => {
    await withEnsemble(new ToxiproxyClient(toxiproxy.url), async ensemble => {
      await ensemble.server('zk2', 'quorum').close();
      const select = { from: { role: 'observer' }, to: 'any', kinds: ['quorum'] } as const;
      const active = await blackhole({ select }).inject(ensemble.context);
      const proof = await active.proveBite();
      assert.ok(proof.bit);
      assert.not.ok(Object.keys(proof.before).some(key => key.startsWith('zk3.zk2')));
      await active.heal();
    });
  });

  test('a fault without a listener behind any of its links has not bitten', async toxiproxy => {
    await withEnsemble(new ToxiproxyClient(toxiproxy.url), async ensemble => {
      for (const name of ['zk1', 'zk3']) await ensemble.server(name, 'quorum').close();
      const active = await blackhole({ select: observerToLeader }).inject(ensemble.context);
      assert.not.ok((await active.proveBite()).bit);
      await active.heal();
    });
  });

  test('an injection that fails halfway undoes its first half', async toxiproxy => {
    await withEnsemble(new FailingAt(toxiproxy.url, 3), async ({ context, mesh }) => {
      const fault = latency({ select: { from: 'any', to: 'any', kinds: ['election'] }, latencyMs: 60 });
      assert.match(await fault.inject(context).then(String, String), 'planted');
      for (const { name } of mesh.links) {
        const response = await fetch(`${toxiproxy.url}/proxies/${name}/toxics`);
        assert.equal(await response.json(), [], name);
      }
    });
  });
});

/**
 * A proof with an answer, in the short time that a fault which silences leaves for one. A busy machine may
 * need several.
 */
function answered(active: ActiveFault): Promise<BiteProof> {
  return until(
    async () => {
      const proof = await active.proveBite();
      return proof.after['zk3.zk1.quorum outcome'] === 'answered' && proof;
    },
    { ...SOON, what: 'an answer through zk3.zk1.quorum' },
  );
}

/** The planted bug: what is meant for zk3.zk1.quorum lands on zk2.zk1.quorum. */
class Misrouting extends ToxiproxyClient {
  override addToxic(proxy: string, toxic: ToxicRequest): Promise<void> {
    return super.addToxic(elsewhere(proxy), toxic);
  }
  override setEnabled(proxy: string, enabled: boolean): Promise<void> {
    return super.setEnabled(elsewhere(proxy), enabled);
  }
  override removeToxic(proxy: string, name: string): Promise<void> {
    return super.removeToxic(elsewhere(proxy), name);
  }
}

function elsewhere(proxy: string): string {
  return proxy === 'zk3.zk1.quorum' ? 'zk2.zk1.quorum' : proxy;
}

/** The planted bug: what is meant for one direction lands on the other. */
class Reversing extends ToxiproxyClient {
  override addToxic(proxy: string, toxic: ToxicRequest): Promise<void> {
    return super.addToxic(proxy, {
      ...toxic,
      stream: toxic.stream === 'upstream' ? 'downstream' : 'upstream',
    });
  }
}

/** Refuses the nth toxic. */
class FailingAt extends ToxiproxyClient {
  #left: number;

  constructor(url: string, nth: number) {
    super(url);
    this.#left = nth;
  }

  override async addToxic(proxy: string, toxic: ToxicRequest): Promise<void> {
    this.#left -= 1;
    if (this.#left === 0) throw new Error('planted');
    await super.addToxic(proxy, toxic);
  }
}

async function withEnsemble(
  client: ToxiproxyClient,
  body: (ensemble: EchoEnsemble) => Promise<void>,
): Promise<void> {
  const roles = new Map([
    ['zk1', 'leader'],
    ['zk2', 'follower'],
    ['zk3', 'observer'],
  ]);
  const ensemble = await EchoEnsemble.start(roles, { client, folder: temporaryFolder() });
  try {
    await body(ensemble);
  } finally {
    await ensemble.stop();
  }
}
