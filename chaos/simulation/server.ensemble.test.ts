import { assert, suite } from '#test';
import { lyingDisk } from './disks/lying-disk.ts';
import type { PlannedFault } from './faults/index.ts';
import { SASL_SETTINGS } from './members/member-sasl.ts';
import { serverProgram } from './members/server-program.ts';
import { seedsFrom } from './seeds/run.ts';
import { simulate } from './simulate.ts';

const test = suite('simulation: the server');

const server = { program: serverProgram() };
const DEADLINE = { deadlineMs: 240_000 };

test(
  'the same seed leaves the same trace, byte for byte; another seed another',
  () => {
    const options = { ...server, swarm: { chaosMs: 4_000 } };
    const first = simulate(2, options);
    const second = simulate(2, options);
    assert.is(first.trace.text(), second.trace.text());
    assert.is(first.events, second.events);
    assert.is.not(simulate(3, options).trace.hash(), first.trace.hash());
  },
  DEADLINE,
);

test(
  'three voters and an observer keep what they acknowledge, and come back from every fault',
  () => {
    let faults = 0;
    let writes = 0;
    for (const seed of seedsFrom(1, 3)) {
      const result = simulate(seed, server);
      assert.is(result.verdict, 'passed', `seed ${seed}: ${result.reasons.join('; ')}`);
      faults += result.faultsInjected;
      writes += result.acknowledgedWrites;
    }
    assert.ok(faults > 8, `${faults} faults`);
    assert.ok(writes > 150, `${writes} acknowledged writes`);
  },
  DEADLINE,
);

test(
  'five voters, and three observers behind observer masters',
  () => {
    const result = simulate(1, { ...server, shape: { voters: 5, observers: 3 } });
    assert.is(result.verdict, 'passed', result.reasons.join('; '));
  },
  DEADLINE,
);

test(
  'members that let in only those who authenticate come back from faults as others do',
  () => {
    const program = serverProgram({ ...SASL_SETTINGS, 'quorum.auth.serverRequireSasl': 'true' });
    const result = simulate(1, { program });
    assert.is(result.verdict, 'passed', result.reasons.join('; '));
  },
  DEADLINE,
);

/**
 * A write every few milliseconds, and no snapshot, which is really synced, saves what the log lost.
 */
const BUSY = { thinkMs: [0, 50], readShare: 0.2, birthMs: 0, settings: { snapCount: '100000' } } as const;

/** All members lose power at once, twice, while clients write. */
const OUTAGES: readonly PlannedFault[] = [2000, 5000].map(atMs => ({
  atMs,
  durationMs: 300,
  fault: { kind: 'outage' },
}));

test(
  'canary: on disks that lie about syncs, acknowledged writes are lost and the loss is found',
  () => {
    const { verdict, reasons } = simulate(1, {
      ...server,
      wrapDisk: lyingDisk,
      watchQuorums: false,
      faults: OUTAGES,
      swarm: BUSY,
    });
    assert.is(verdict, 'failed');
    assert.match(reasons.join('\n'), /acknowledged writes: .* lost/);
  },
  DEADLINE,
);

test(
  'on honest disks the same outages lose nothing',
  () => {
    const { verdict, reasons } = simulate(1, { ...server, faults: OUTAGES });
    assert.is(verdict, 'passed', reasons.join('; '));
  },
  DEADLINE,
);
