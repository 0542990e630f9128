/** kill -9 under load: everything acknowledged must be present on every member, in order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { assert, bundled, repetitions, suite, temporaryFolder } from '#test';
import { propertySeed } from '#test/properties';
import { Ensemble } from '../bench/topology/ensemble.ts';
import { mntr } from '../bench/topology/four-letter.ts';
import type { Implementation } from '../bench/topology/implementation.ts';
import type { Member } from '../bench/topology/member.ts';
import { planEnsemble } from '../bench/topology/plan.ts';
import { topologyOf } from '../bench/topology/topology.ts';
import { SeededRandom } from '../server/runtime/seeded-random.ts';
import { LiveWorkload } from './workloads/live/live-workload.ts';
import { complaintsOf, judgeWorkload } from './workloads/records/judge-workload.ts';
import { registers } from './workloads/registers.ts';

const test = suite('kill -9');

const KILLS = repetitions(20);
const OUTAGES = repetitions(2);
const WRITES_BETWEEN_KILLS = 20;
const PROGRESS_DEADLINE_MS = 60_000;

/** Short ticks and small logs, so that elections, snapshots and rolled logs all happen during the run. */
const SETTINGS = {
  tickTime: '200',
  initLimit: '50',
  syncLimit: '20',
  snapCount: '400',
  preAllocSize: '64',
};

async function withEnsemble(
  implementation: Implementation,
  body: (ensemble: Ensemble, load: LiveWorkload, random: SeededRandom) => Promise<void>,
): Promise<string[]> {
  const seed = String(propertySeed(process.env.ZKLAB_PROPERTY_SEED) ?? Date.now());
  process.stdout.write(`  seed ${seed}\n`);
  const topology = topologyOf({ voters: 3, observers: 1, implementation, settings: SETTINGS }, 'kill9');
  const ensemble = await Ensemble.start(await planEnsemble(topology, temporaryFolder()));
  const servers = ensemble.members.map(({ plan }) => plan.ports.client);
  const load = new LiveWorkload(registers, { servers, seed });
  try {
    await body(ensemble, load, new SeededRandom(seed));
    await ensemble.ready();
    await load.stop(PROGRESS_DEADLINE_MS);
    return complaintsOf(await judgeWorkload(ensemble, load, PROGRESS_DEADLINE_MS));
  } finally {
    await load.stop(0);
    await ensemble.stop();
  }
}

async function killAll(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(member => member.process.kill()));
}

/** Kills all members at the same moment, `rounds` times, under load. */
async function outages(ensemble: Ensemble, load: LiveWorkload, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await load.untilAcknowledged(200, PROGRESS_DEADLINE_MS);
    await killAll(ensemble.members);
    for (const member of ensemble.members) member.start();
    await ensemble.ready();
  }
}

test(
  `${KILLS} kills of members chosen at random, at random moments: no acknowledged write is lost`,
  async () => {
    const complaints = await withEnsemble('zklab', async (ensemble, load, random) => {
      for (let kill = 0; kill < KILLS; kill++) {
        await load.untilAcknowledged(WRITES_BETWEEN_KILLS, PROGRESS_DEADLINE_MS);
        await sleep(random.between(0, 150));
        const member = random.pick(ensemble.members);
        await member.process.kill();
        await sleep(random.between(0, 150));
        member.start();
        // Every other time, the next kill may come while the member still recovers from this one.
        if (random.chance(0.5)) await ensemble.ready();
      }
      const expected = KILLS * WRITES_BETWEEN_KILLS;
      assert.ok(load.acknowledgedWrites > expected, `${load.acknowledgedWrites} acknowledged writes`);
      await ensemble.ready();
      for (const { name, plan } of ensemble.members) {
        const { numbers } = await mntr(plan.ports.client);
        assert.is(numbers.get('digest_mismatches_count') ?? 0, 0, name);
      }
    });
    assert.equal(complaints, []);
  },
  { deadlineMs: 900_000 },
);

test(
  `all members killed in the same moment, ${OUTAGES} times: no acknowledged write is lost`,
  async () => {
    const complaints = await withEnsemble('zklab', (ensemble, load) => outages(ensemble, load, OUTAGES));
    assert.equal(complaints, []);
  },
  { deadlineMs: 400_000 },
);

test(
  'canary: logs that are acked before they are on disk lose acknowledged writes, and the same checkers find the loss',
  async () => {
    const main = await bundled(fileURLToPath(new URL('./testing/forgetful-main.js', import.meta.url)));
    const command = `${process.execPath} ${main} {cfg}`;
    const complaints = await withEnsemble({ command }, (ensemble, load) => outages(ensemble, load, 2));
    const losses = complaints.filter(reason => reason.startsWith('acknowledged writes'));
    assert.ok(losses.length > 0, `nothing found in ${JSON.stringify(complaints)}`);
  },
  { deadlineMs: 400_000 },
);
