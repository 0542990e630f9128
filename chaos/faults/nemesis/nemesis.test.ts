import { assert, suite, until } from '#test';
import { EventBus, type RunEvent } from '../../../results/events.ts';
import type { FaultContext } from '../context.ts';
import type { BiteProof, Fault } from '../fault.ts';
import { runNemesis, type Step } from './nemesis.ts';

const test = suite('nemesis');
const FOREVER_MS = 3_600_000;
/** The faults of this test touch nothing. */
const nothing = {} as FaultContext;
const proof = (bit: boolean): BiteProof => ({ bit, before: {}, after: {}, how: 'by asking the test' });

interface Scripted extends Fault {
  injected: number;
  healed: number;
}

/** A scripted fault that counts its calls. */
function scripted(
  name: string,
  { inject, prove, heal }: { inject?: () => void; prove?: () => BiteProof; heal?: () => void } = {},
): Scripted {
  const fault: Scripted = {
    name,
    description: '',
    injected: 0,
    healed: 0,
    async inject() {
      inject?.();
      fault.injected += 1;
      return {
        startedAt: 0,
        links: [`link of ${name}`],
        proveBite: async () => prove?.() ?? proof(true),
        async heal() {
          heal?.();
          fault.healed += 1;
        },
      };
    },
  };
  return fault;
}

function fails(words: string): () => never {
  return () => {
    throw new Error(words);
  };
}

/** Runs the steps and returns each event in words. */
async function told(steps: readonly Step[], signal?: AbortSignal) {
  const lines: string[] = [];
  const bus = new EventBus([event => void (event.kind !== 'turn' && lines.push(lineOf(event)))]);
  const report = await runNemesis(steps, nothing, { events: bus, ...(signal && { signal }) });
  return { ...report, lines };
}

function lineOf(event: RunEvent): string {
  if (event.kind === 'bitten') return `${event.fault} ${event.bit ? 'bit' : 'did not bite'}`;
  return 'fault' in event ? `${event.fault} ${event.kind}` : event.kind;
}

test('each fault is injected at its time, proven, and healed', async () => {
  const [first, second] = [scripted('first'), scripted('second')];
  const steps = [
    { fault: second, atMs: 30, forMs: 1 },
    { fault: first, atMs: 0, forMs: 1 },
  ];
  const { lines, outcomes, voidReasons } = await told(steps);
  for (const name of ['first', 'second']) {
    const own = lines.filter(line => line.startsWith(name));
    assert.equal(own, [`${name} injected`, `${name} bit`, `${name} healed`]);
  }
  assert.is(lines[0], 'first injected');
  assert.equal(
    outcomes.map(({ row }) => [row.fault, row.condition, row.round, row.bit]),
    [
      ['second', 'second at 0.03 s', 0, true],
      ['first', 'first at 0 s', 1, true],
    ],
  );
  assert.equal(voidReasons, []);
  assert.equal(outcomes[0]!.proof, proof(true));
});

test('faults whose times overlap are in force together', async () => {
  const inForce: string[] = [];
  const longer = scripted('longer', { heal: () => inForce.push('longer healed') });
  const shorter = scripted('shorter', { inject: () => inForce.push('shorter injected') });
  await runNemesis(
    [
      { fault: longer, atMs: 0, forMs: 60 },
      { fault: shorter, atMs: 10, forMs: 1 },
    ],
    nothing,
  );
  assert.equal(inForce, ['shorter injected', 'longer healed']);
});

test('planted: a fault that does not bite voids the run, and is healed like any other', async () => {
  const toothless = scripted('toothless', { prove: () => proof(false) });
  const { lines, voidReasons } = await told([{ fault: toothless, atMs: 0, forMs: 1 }]);
  assert.equal(lines, ['toothless injected', 'toothless did not bite', 'toothless healed']);
  assert.equal(voidReasons, ['toothless on link of toothless did not bite: by asking the test']);
  assert.is(toothless.healed, 1);
});

test('a proof that throws voids the run; the fault is healed', async () => {
  const unprovable = scripted('unprovable', { prove: fails('no probe') });
  const { voidReasons } = await runNemesis([{ fault: unprovable, atMs: 0, forMs: 1 }], nothing);
  assert.equal(voidReasons, [
    'unprovable on link of unprovable did not bite: the proof itself failed: no probe',
  ]);
  assert.is(unprovable.healed, 1);
});

test('an injection that throws voids the run; the other faults go on', async () => {
  const [impossible, other] = [scripted('impossible', { inject: fails('no such role') }), scripted('other')];
  const steps = [impossible, other].map(fault => ({ fault, atMs: 0, forMs: 1 }));
  const { lines, voidReasons } = await told(steps);
  assert.equal(voidReasons, ['impossible could not be injected: no such role']);
  assert.ok(lines.includes('note'), lines.join());
  assert.equal([impossible.healed, other.healed], [0, 1]);
});

test('an abort heals the faults in force and injects no more', async () => {
  const [current, later] = [scripted('current'), scripted('later')];
  const stop = new AbortController();
  const run = told(
    [
      { fault: current, atMs: 0, forMs: FOREVER_MS },
      { fault: later, atMs: FOREVER_MS, forMs: 1 },
    ],
    stop.signal,
  );
  await until(() => current.injected === 1, { deadlineMs: 30_000, what: 'the first fault' });
  stop.abort();
  const { lines } = await run;
  assert.is(lines.at(-1), 'current healed');
  assert.equal([current.healed, later.injected], [1, 0]);
});

test('a fault that cannot be healed is an error, raised after every other one was healed', async () => {
  const [stuck, other] = [scripted('stuck', { heal: fails('port taken') }), scripted('other')];
  const steps = [
    { fault: stuck, atMs: 0, forMs: 1 },
    { fault: other, atMs: 0, forMs: 40 },
  ];
  const message = await runNemesis(steps, nothing).then(String, String);
  assert.match(message, 'the nemesis left the ensemble broken: port taken');
  assert.is(other.healed, 1);
});

test('a listener that throws does not keep a fault in force', async () => {
  const fault = scripted('fault');
  const run = runNemesis([{ fault, atMs: 0, forMs: FOREVER_MS }], nothing, {
    events: { emit: ({ kind }) => kind === 'injected' && fails('disk full')() },
  });
  assert.match(await run.then(String, String), 'disk full');
  assert.is(fault.healed, 1);
});
