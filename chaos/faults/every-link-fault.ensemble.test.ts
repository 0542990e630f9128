/**
 * Every fault of links through both proxies: it bites, leaves other links alone, is seen not to bite when it
 * lands nowhere, and is healed. All share one ensemble of members that echo.
 */
import { assert, temporaryFolder, until } from '#test';
import { eachToxiproxy } from '../testing/each-toxiproxy.ts';
import { EchoEnsemble } from '../testing/echo-ensemble.ts';
import { type ToxicRequest, ToxiproxyClient } from '../toxiproxy/client.ts';
import type { FaultContext } from './context.ts';
import type { FaultHost } from './fault.ts';
import { FAULTS } from './index.ts';

const SOON = { deadlineMs: 60_000 };
const select = { from: { role: 'observer' }, to: { role: 'leader' }, kinds: ['quorum'] };
const both = { ...select, both: true };

const OPTIONS: Readonly<Record<string, object>> = {
  latency: { select: both, latencyMs: 40 },
  jitter: { select: both, spreadMs: 200 },
  bandwidth: { select, kilobytesPerS: 10 },
  slicer: { select, pieceBytes: 64, pauseMs: 5 },
  'slow-close': { select: both, delayMs: 40 },
  refuse: { select },
  blackhole: { select: both },
  'one-way': { select },
  reset: { select, afterMs: 10 },
  timeout: { select: both, afterMs: 100 },
  flapping: { select, downMs: 60, upMs: 60 },
  swizzle: { target: { voters: 'minority' }, how: 'refuse', everyMs: 50 },
  halves: { how: 'refuse' },
  bridge: { how: 'refuse' },
  ring: { how: 'refuse' },
  'isolate-leader': { how: 'blackhole' },
};

const ROLES = ['leader', 'follower', 'follower', 'follower', 'observer'];
const NO_PROXIES: FaultHost = { links: false, processes: true, implementations: ['zklab'] };
/** Those of packets need members that speak, and have a test of their own. */
const OF_LINKS = FAULTS.filter(
  ({ available, wantsStandIn = false }) => available(NO_PROXIES) !== undefined && !wantsStandIn,
);

eachToxiproxy('every fault of links', test => {
  test('each bites, leaves other links alone, and is healed', async toxiproxy => {
    assert.equal(OF_LINKS.map(({ name }) => name).sort(), Object.keys(OPTIONS).sort());
    const client = new Switched(toxiproxy.url);
    const roles = new Map(ROLES.map((role, at) => [`zk${at + 1}`, role]));
    const ensemble = await EchoEnsemble.start(roles, { client, folder: temporaryFolder() });
    try {
      for (const kind of OF_LINKS) {
        const fault = kind.create(kind.schema.parse(OPTIONS[kind.name]));
        const inject = () => fault.inject(ensemble.context as FaultContext);
        client.isDeaf = true;
        const planted = await inject();
        assert.not.ok((await planted.proveBite()).bit, `planted: ${kind.name} lands nowhere`);
        await planted.heal();
        client.isDeaf = false;

        const active = await inject();
        const [proof] = await Promise.all([
          active.proveBite(),
          othersAnswer(ensemble, active.links, kind.name),
        ]);
        assert.ok(proof.bit, `${kind.name}: ${JSON.stringify(proof)}`);
        await active.heal();
        await active.heal();
        await until(() => areAllUp(ensemble, active.links), { ...SOON, what: `${kind.name} to be healed` });
        await untilHealed(() => active.proveBite(), kind.name);
      }
    } finally {
      await ensemble.stop();
    }
  });
});

/** Takes no request while it is deaf: the planted bug of a fault that lands nowhere. */
class Switched extends ToxiproxyClient {
  isDeaf = false;

  override async addToxic(proxy: string, toxic: ToxicRequest): Promise<void> {
    if (!this.isDeaf) await super.addToxic(proxy, toxic);
  }

  override async setEnabled(proxy: string, enabled: boolean): Promise<void> {
    if (!this.isDeaf) await super.setEnabled(proxy, enabled);
  }
}

async function othersAnswer({ context, mesh }: EchoEnsemble, harmed: readonly string[], fault: string) {
  const others = mesh.links.filter(({ name }) => !harmed.includes(name));
  await Promise.all(
    others.map(async link => {
      const { outcome } = await context.probe!(link, 10_000);
      assert.is(outcome, 'answered', `${fault}: ${link.name}`);
    }),
  );
}

async function areAllUp({ context, mesh }: EchoEnsemble, names: readonly string[]): Promise<boolean> {
  const links = mesh.links.filter(({ name }) => names.includes(name));
  const found = await Promise.all(links.map(link => context.probe!(link, 1_000)));
  return found.every(({ outcome }) => outcome === 'answered');
}

/** On a busy machine a healed link may be slow once. */
async function untilHealed(prove: () => Promise<{ readonly bit: boolean }>, fault: string): Promise<void> {
  await until(async () => !(await prove()).bit, { ...SOON, what: `${fault} to bite no more` });
}
