/**
 * Every fault of members, one after the other, on one ensemble of real processes with a workload: each bites,
 * the ensemble is whole again after its heal, and in the end no acknowledged write is missing.
 */
import { assert, suite, temporaryFolder, until } from '#test';
import { noCpuBudget } from '../../bench/hosts/cpu-budget.ts';
import { noMemoryLimit } from '../../bench/hosts/memory-limit.ts';
import { ZkClient } from '../../bench/load/client/client.ts';
import { topologyOf } from '../../bench/topology/topology.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { type MeshedEnsemble, startMeshedEnsemble } from '../meshed-ensemble.ts';
import { LiveWorkload, prepareNodes } from '../workloads/live/live-workload.ts';
import { complaintsOf, judgeWorkload } from '../workloads/records/judge-workload.ts';
import { registers } from '../workloads/registers.ts';
import type { FaultContext, FaultMember } from './context.ts';
import type { FaultHost } from './fault.ts';
import { FAULTS, readFault, type WrittenFault } from './index.ts';

const test = suite('faults of members');

const SETTINGS = {
  tickTime: '200',
  initLimit: '50',
  syncLimit: '15',
  snapCount: '500',
  preAllocSize: '64',
  reconfigEnabled: 'true',
  skipACL: 'yes',
  'admin.enableServer': 'false',
};
const PROGRESS_MAX_MS = 60_000;
const HOUR_MS = 3_600_000;

const follower = { role: 'follower' };
const leader = { role: 'leader' };
const observer = { role: 'observer' };

/** By `process-faults.ensemble.test.ts`; faults of links by `every-link-fault.ensemble.test.ts`. */
const TESTED_WITH_PROCESSES = ['kill', 'pause'];
const NO_PROXIES: FaultHost = { links: false, processes: true, implementations: ['zklab'] };

const EACH: readonly WrittenFault[] = [
  { fault: 'clock-jump', target: leader, offsetMs: -HOUR_MS },
  { fault: 'clock-offset', target: follower, offsetMs: HOUR_MS },
  { fault: 'clock-drift', target: leader, rate: 2 },
  { fault: 'slow-sync', target: { voters: 'majority' }, delayMs: 30 },
  { fault: 'failing-sync', target: leader },
  { fault: 'full-disk', target: follower },
  { fault: 'read-only-disk', target: observer },
  { fault: 'torn-tail', target: { voters: 'majority' } },
  { fault: 'flipped-byte', target: follower },
  { fault: 'wiped-data', target: follower },
  { fault: 'wiped-data', target: observer },
  { fault: 'packet-drop', target: follower, packet: 'PROPOSAL' },
  { fault: 'packet-drop', target: observer, packet: 'INFORM', nth: 2 },
  { fault: 'packet-drop', target: follower, packet: 'UPTODATE' },
  { fault: 'packet-double', target: { role: 'follower', count: 2 }, packet: 'COMMIT' },
  { fault: 'packet-double', target: follower, packet: 'NEWLEADER' },
  { fault: 'packet-delay', target: follower, packet: 'ACK', delayMs: 500 },
  { fault: 'slow-client', target: leader },
  { fault: 'client-storm', target: leader },
  { fault: 'watch-storm', target: observer },
  { fault: 'huge-responses', target: follower },
  { fault: 'reconfiguration', target: leader },
  { fault: 'reconfiguration', target: observer },
  { fault: 'cpu-starvation', target: leader, cores: 0.05 },
  { fault: 'memory-pressure', target: follower, mebibytes: 1 },
  { fault: 'quorum-loss' },
  { fault: 'rolling-restart' },
  { fault: 'outage' },
];

test(
  'each bites and heals, and no acknowledged write is lost',
  async () => {
    const tested = new Set([...EACH.map(({ fault }) => fault), ...TESTED_WITH_PROCESSES]);
    const missing = FAULTS.filter(
      ({ name, available, wantsStandIn }) =>
        !tested.has(name) && (wantsStandIn === true || available(NO_PROXIES) === undefined),
    );
    assert.equal(
      missing.map(({ name }) => name),
      [],
      'every fault has a test in which it bites',
    );
    await withEnsemble(async (meshed, context) => {
      const load = await loadOn(meshed);
      try {
        for (const written of EACH.filter(isPossible)) await play(written, meshed, context, load);
        await load.stop(PROGRESS_MAX_MS);
        assert.equal(complaintsOf(await judgeWorkload(meshed.ensemble, load, PROGRESS_MAX_MS)), []);
      } finally {
        await load.stop(0);
      }
      assert.equal(meshed.ensemble.deaths, [], 'ends that are part of a fault are no deaths');
    });
  },
  { deadlineMs: 600_000 },
);

test(
  'a clock that jumps by an hour expires no session, and shows in the times of znodes',
  async () => {
    await withEnsemble(async ({ ensemble }, context) => {
      const client = await ZkClient.connect(ensemble.directConnectString(), { timeoutMs: 4_000 });
      await client.create('/before', null, { mode: 1 });
      const jump = await readFault({ fault: 'clock-jump', target: 'any', offsetMs: HOUR_MS }, NOWHERE).inject(
        context,
      );
      assert.ok((await jump.proveBite()).bit);
      const { stat } = await client.create2('/after');
      assert.ok(stat.ctime - Date.now() > HOUR_MS / 2, `created at ${new Date(stat.ctime).toISOString()}`);
      await jump.heal();
      // The jump back would expire sessions of a server that measured timeouts on its wall clock, too.
      assert.ok((await client.create2('/back')).stat.ctime - Date.now() < HOUR_MS / 2);
      assert.ok((await client.exists('/before')) !== null);
      assert.is(client.state, 'connected');
      await client.close();
    });
  },
  { deadlineMs: 120_000 },
);

test(
  'planted: faults that do nothing to their member are seen not to bite',
  async () => {
    const bits = await Promise.all(
      EACH.filter(({ fault }) => PROVEN_BY_COUNTS.includes(fault)).map(async written => {
        const context = { members: [UNHARMED], random: new SeededRandom(1) } as unknown as FaultContext;
        const fault = readFault({ ...written, target: { name: 'v1' } }, NOWHERE);
        const active = await fault.inject(context);
        const { bit } = await active.proveBite();
        return [written.fault, bit];
      }),
    );
    assert.equal(
      bits,
      PROVEN_BY_COUNTS.map(name => [name, false]),
    );
  },
  { deadlineMs: 60_000 },
);

const PROVEN_BY_COUNTS = [
  'clock-jump',
  'clock-drift',
  'slow-sync',
  'failing-sync',
  'full-disk',
  'read-only-disk',
  'cpu-starvation',
  'memory-pressure',
];

/** A member to which every fault can be done, and none has an effect. */
const UNHARMED: FaultMember = {
  name: 'v1',
  pid: process.pid,
  clientAddress: '127.0.0.1:1',
  signal: () => {},
  stateOf: () => 'running',
  roleOf: () => 'leader',
  restart: async () => {},
  limitCpu: cores => ({ cores, use: () => ({ periods: 9, throttled: 0 }), lift: () => {} }),
  limitMemory: bytes => ({ bytes, pressure: () => ({ limited: 0, killed: 0 }), lift: () => {} }),
  serverFaults: {
    apply: async () => async () => {},
    report: async () => ({ id: '1', wallMs: 5, machineWallMs: 5, delayedSyncs: 0, refusedOperations: 0 }),
  },
};

const NOWHERE = { at: () => 'a test', within: () => NOWHERE } as never;

async function play(
  written: WrittenFault,
  { ensemble }: MeshedEnsemble,
  context: FaultContext,
  load: LiveWorkload,
): Promise<void> {
  const fault = readFault(written, NOWHERE);
  const what = JSON.stringify(written);
  const startedMs = performance.now();
  const active = await fault.inject(context);
  try {
    const proof = await active.proveBite();
    assert.ok(proof.bit, `${what} did not bite: ${JSON.stringify(proof)}`);
  } finally {
    await active.heal();
  }
  await ensemble.ready();
  await load.untilAcknowledged(5, PROGRESS_MAX_MS);
  process.stdout.write(`  ${what}: ${Math.round(performance.now() - startedMs)} ms\n`);
}

function isPossible({ fault }: WrittenFault): boolean {
  assert.ok(
    FAULTS.some(({ name }) => name === fault),
    fault,
  );
  if (fault === 'cpu-starvation') return noCpuBudget() === undefined;
  return fault !== 'memory-pressure' || noMemoryLimit() === undefined;
}

async function loadOn({ ensemble }: MeshedEnsemble): Promise<LiveWorkload> {
  const options = registers.schema.parse({ clients: 2, thinkMs: [5, 20] }) as object;
  await prepareNodes(ensemble.directConnectString(), registers, options);
  const servers = ensemble.members.map(({ plan }) => plan.ports.client);
  const load = new LiveWorkload(registers, { servers, seed: '1' }, options);
  await load.untilAcknowledged(20, PROGRESS_MAX_MS);
  return load;
}

async function withEnsemble(
  body: (meshed: MeshedEnsemble, context: FaultContext) => Promise<void>,
): Promise<void> {
  const topology = topologyOf({ voters: 3, observers: 1, settings: SETTINGS }, 'members');
  const meshed = await startMeshedEnsemble(topology, { folder: temporaryFolder(), standIn: true });
  const { client, mesh, faultMembers } = meshed;
  try {
    await body(meshed, { client, mesh, members: faultMembers, random: new SeededRandom('members') });
  } finally {
    await meshed.stop();
  }
  await until(() => meshed.ensemble.members.every(({ process }) => !process.isRunning), {
    deadlineMs: 10_000,
    what: 'the end of all members',
  });
}
