import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, repetitions, suite } from '#test';
import { lyingDisk } from './disks/lying-disk.ts';
import type { PlannedFault } from './faults/index.ts';
import type { MemberProgram } from './members/member.ts';
import { minimise } from './seeds/minimise.ts';
import { inThisProcess, replay, runSeeds, seedsFrom } from './seeds/run.ts';
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';
import { type ToyBug, toyProgram } from './toy/toy-server.ts';

const test = suite('simulation: a toy ensemble');

const toy = { program: toyProgram() };
const DEADLINE = { deadlineMs: 240_000 };

/** The first failing seed of `count` seeds. */
function firstFailure(options: SimulationOptions, count: number): SimulationResult | undefined {
  for (const seed of seedsFrom(1, count)) {
    const result = simulate(seed, options);
    if (result.verdict === 'failed') return result;
  }
  return undefined;
}

test('the same seed leaves the same trace, byte for byte; other seeds leave others', () => {
  const first = simulate(7, toy);
  const second = simulate(7, toy);
  assert.is(first.trace.text(), second.trace.text());
  assert.is(first.trace.hash(), second.trace.hash());
  assert.is(first.events, second.events);
  assert.ok(first.trace.count > 100, 'a trace of something');
  assert.is.not(simulate(8, toy).trace.hash(), first.trace.hash());
});

test(
  'a correct ensemble passes every seed, under faults and with work done',
  () => {
    let faults = 0;
    let writes = 0;
    const seeds = repetitions(3);
    for (const seed of seedsFrom(1, seeds)) {
      const result = simulate(seed, toy);
      assert.is(result.verdict, 'passed', `seed ${seed}: ${result.reasons.join('; ')}`);
      faults += result.faultsInjected;
      writes += result.acknowledgedWrites;
    }
    assert.ok(faults > 3 * seeds, `${faults} faults`);
    assert.ok(writes > 100 * seeds, `${writes} acknowledged writes`);
  },
  DEADLINE,
);

const failures = new Map<ToyBug, SimulationResult | undefined>();

/** The first of `count` seeds that fails with the bug. The search takes seconds and is done once. */
function failureWith(bug: ToyBug, count: number): SimulationResult | undefined {
  if (!failures.has(bug)) failures.set(bug, firstFailure({ program: toyProgram(bug) }, count));
  return failures.get(bug);
}

const CANARIES: readonly { bug: ToyBug; seeds: number; reason: RegExp }[] = [
  { bug: 'ack before quorum', seeds: 40, reason: /acknowledged writes|differ at zxid/ },
  { bug: 'observer skips commits', seeds: 5, reason: /replica agreement: at zxid/ },
  { bug: 'answer before apply', seeds: 10, reason: /session order/ },
  { bug: 'serve clients from the future', seeds: 40, reason: /session order/ },
];
for (const { bug, seeds, reason } of CANARIES) {
  test(
    `canary: "${bug}" is found within ${seeds} seeds`,
    () => {
      const result = failureWith(bug, seeds);
      assert.ok(result !== undefined, 'nothing found');
      assert.match(result.reasons.join('\n'), reason);
    },
    DEADLINE,
  );
}

/** Two outages while clients write. Whatever was not on disk is lost on all members at once. */
const OUTAGES: readonly PlannedFault[] = [2000, 5000].map(atMs => ({
  atMs,
  durationMs: 300,
  fault: { kind: 'outage' },
}));

test(
  'canary: a disk that lies about syncs loses acknowledged writes when all members lose power',
  () => {
    const result = firstFailure({ ...toy, wrapDisk: lyingDisk, faults: OUTAGES }, 10);
    assert.ok(result !== undefined, 'nothing found');
    assert.match(result.reasons.join('\n'), /acknowledged/);
  },
  DEADLINE,
);

test(
  'an honest disk loses nothing in the same outages',
  () => {
    assert.is(firstFailure({ ...toy, faults: OUTAGES }, repetitions(2)), undefined);
  },
  DEADLINE,
);

test('a member that throws fails the run, whatever the checkers would say', () => {
  const program: MemberProgram = {
    clientPort: toy.program.clientPort,
    start: context => {
      if (context.spec.sid === 3) context.runtime.clock.after(500, () => fall());
      return toy.program.start(context);
    },
  };
  const fall = () => {
    throw new Error('half applied');
  };
  const result = simulate(1, { program });
  assert.is(result.verdict, 'failed');
  assert.match(result.reasons[0] ?? '', /zk3 threw: Error: half applied/);
});

test(
  'an ensemble that does not recover after the heal fails for lack of progress',
  () => {
    const program: MemberProgram = {
      clientPort: toy.program.clientPort,
      start: context => {
        // A stale lock file, which nobody removes after a crash.
        const stale = context.runtime.disk.exists('/lock');
        if (!stale) context.runtime.disk.open('/lock', 'w').syncNow();
        context.runtime.disk.syncDirectory('/');
        return stale ? { state: () => STUCK } : toy.program.start(context);
      },
    };
    const STUCK = { mode: 'looking', serving: false, epoch: 0, zxid: 0, treeDigest: '' };
    const result = simulate(1, { program, faults: OUTAGES });
    assert.is(result.verdict, 'failed');
    assert.match(result.reasons[0] ?? '', /no write committed within .* of the heal/);
  },
  DEADLINE,
);

test('an ensemble that never serves fails before any fault', () => {
  const idle = { mode: 'looking', serving: false, epoch: 0, zxid: 0, treeDigest: '' };
  const result = simulate(1, { program: { clientPort: 2181, start: () => ({ state: () => idle }) } });
  assert.match(result.reasons[0] ?? '', /no quorum served/);
});

test(
  'a failing plan is reduced to the faults that matter, and still fails',
  () => {
    const options = { program: toyProgram('ack before quorum') };
    const failing = failureWith('ack before quorum', 40);
    assert.ok(failing !== undefined);
    const { result, runs } = minimise(failing, options, 60);
    assert.is(result.verdict, 'failed');
    assert.ok(
      result.faults.length < failing.faults.length / 2,
      `${result.faults.length} of ${failing.faults.length}`,
    );
    assert.ok(runs <= 60);
    assert.is(
      simulate(failing.seed, { ...options, faults: result.faults }).trace.hash(),
      result.trace.hash(),
    );
  },
  DEADLINE,
);

test(
  'runSeeds counts outcomes and keeps the trace of each failure',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zklab-sim-'));
    try {
      const progress: number[] = [];
      const good = await runSeeds({
        seeds: seedsFrom(1, 3),
        places: inThisProcess({ ...toy, traceDirectory: directory }),
        onProgress: result => progress.push(result.seed),
      });
      assert.equal(progress, [1, 2, 3]);
      assert.is(good.passed, 3);
      assert.equal(good.failed, []);
      assert.ok(good.virtualMsPerSecond > 1000, 'faster than a clock on the wall');
      const program = toyProgram('observer skips commits');
      const bad = await runSeeds({
        seeds: [1],
        places: inThisProcess({ program, traceDirectory: directory, minimise: true }),
      });
      const [failure] = bad.failed;
      assert.ok(failure !== undefined && existsSync(failure.traceFile));
      assert.match(readFileSync(failure.traceFile, 'utf8'), /seed 1: .*\n[\s\S]*replica agreement: at zxid/);
      const again = replay(failure.planFile, { program });
      assert.is(again.trace.text(), readFileSync(failure.traceFile, 'utf8'));
      assert.is(again.faults.length, 0, 'this bug needs no fault');
      // Where the traces should go is a file: the outcome of the seed is told all the same.
      const places = inThisProcess({ program, traceDirectory: failure.traceFile });
      const lost = await runSeeds({ places, seeds: [1, 2] });
      assert.match(lost.failed[0]!.unstored!, /^E/);
      assert.is(lost.failed.length + lost.passed + lost.unknown.length, 2);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  DEADLINE,
);
