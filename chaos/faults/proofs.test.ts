/** Proofs on a busy machine. Every exchange is scripted: there is no proxy, and no real time passes. */
import { assert, suite } from '#test';
import type { Link } from '../mesh/link.ts';
import type { Probe } from '../mesh/measure.ts';
import { bandwidth } from './bandwidth.ts';
import type { LinkFaultContext } from './context.ts';
import { jitter } from './jitter.ts';
import { latency } from './latency.ts';

const test = suite('faults: proofs on a busy machine');
const LINKS = ['a.b.quorum', 'c.b.quorum'].map(
  (name): Link => ({ name, from: name[0]!, to: 'b', kind: 'quorum', address: '', proxied: '' }),
);
/** At least 15 ms in each direction. */
const FAULT = { select: { from: 'any', to: 'any' }, latencyMs: 20, jitterMs: 5 } as const;

/**
 * A machine that adds to each exchange what the script says, over and over. The toxic adds `addsMs` in each
 * direction.
 */
function machine(noiseMs: readonly number[], addsMs: number | readonly number[]) {
  let [toxics, exchanges] = [0, 0];
  const probe: Probe = async () => {
    const added = [addsMs].flat();
    const rttMs =
      noiseMs[exchanges % noiseMs.length]! + (toxics > 0 ? 2 * added[exchanges % added.length]! : 0);
    exchanges += 1;
    return { outcome: 'answered', rttMs };
  };
  const context = {
    client: { addToxic: async () => void toxics++, removeToxic: async () => void toxics-- },
    mesh: {
      flows: async () =>
        LINKS.flatMap(link => (['upstream', 'downstream'] as const).map(stream => ({ link, stream }))),
    },
    probe,
  } as unknown as LinkFaultContext;
  return { context, exchanged: () => exchanges };
}

const IDLE = [0.5, 0.4];
/** A machine with twenty processes per core: most exchanges take longer than the fault would add. */
const BUSY = [46, 38, 61, 52, 44, 12, 55, 71, 49, 40, 58, 47, 66];
const DROWNED = [80, 95, 110];

for (const [name, noiseMs] of [
  ['idle', IDLE],
  ['busy', BUSY],
] as const) {
  test(`${name} machine: a latency that delays bites until it is healed`, async () => {
    const { context } = machine(noiseMs, 15);
    const active = await latency(FAULT).inject(context);
    assert.ok((await active.proveBite()).bit);
    await active.heal();
    assert.not.ok((await active.proveBite()).bit);
  });

  test(`planted: ${name} machine, a latency that delays nothing has not bitten`, async () => {
    const { context } = machine(noiseMs, 0);
    const active = await latency(FAULT).inject(context);
    assert.not.ok((await active.proveBite()).bit);
  });

  test(`planted: ${name} machine, half of the latency is not enough`, async () => {
    const { context } = machine(noiseMs, 7);
    const active = await latency(FAULT).inject(context);
    assert.not.ok((await active.proveBite()).bit);
  });
}

/** What a spread of 64 ms may add to each way. */
const SPREAD = [3, 40, 61, 17, 9, 30, 55, 22, 48, 12];
const JITTER = { select: FAULT.select, spreadMs: 64 };

for (const [name, noiseMs] of [
  ['idle', IDLE],
  ['somewhat busy', [1, 2, 8, 3, 20, 2, 1]],
] as const) {
  test(`${name} machine: jitter bites although some exchanges are fast`, async () => {
    const { context } = machine(noiseMs, SPREAD);
    assert.ok((await (await jitter(JITTER).inject(context)).proveBite()).bit);
  });

  test(`planted: ${name} machine, jitter that adds nothing, or only to a few, has not bitten`, async () => {
    for (const adds of [[0], [0, 0, 0, 0, 60]]) {
      const { context } = machine(noiseMs, adds);
      assert.not.ok((await (await jitter(JITTER).inject(context)).proveBite()).bit, String(adds));
    }
  });
}

test('planted: a limit of bandwidth on a link that is not limited on the way there has not bitten', async () => {
  const { context } = machine(IDLE, 40);
  const limited = bandwidth({ select: FAULT.select, kilobytesPerS: 10 });
  assert.ok((await (await limited.inject(context)).proveBite()).bit);
  const flows = async () => LINKS.map(link => ({ link, stream: 'downstream' as const }));
  const answersOnly = { ...context, mesh: { flows } } as unknown as LinkFaultContext;
  const { bit, how } = await (await limited.inject(answersOnly)).proveBite();
  assert.not.ok(bit);
  assert.match(how, '0 of 2 links');
});

test('a machine on which every exchange is slow proves nothing after a bounded number of attempts, and the proof says what a bite is', async () => {
  const { context, exchanged } = machine(DROWNED, 0);
  const active = await latency(FAULT).inject(context);
  const { bit, how } = await active.proveBite();
  assert.not.ok(bit);
  assert.match(how, /no round trip below 15 ms for each way, where there was one before/);
  assert.ok(exchanged() < 200, String(exchanged()));
});
