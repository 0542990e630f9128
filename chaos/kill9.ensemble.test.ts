/** kill -9 under load, as row after row of nights: what was acknowledged is there, on every member, in order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { assert, suite, temporaryFolder, until } from '#test';
import { propertySeed } from '#test/properties';
import { fourLetterWord, mntr } from '../bench/measure/four-letter.ts';
import { Ensemble } from '../bench/topology/ensemble.ts';
import type { Member } from '../bench/topology/member.ts';
import { planEnsemble } from '../bench/topology/plan.ts';
import { type Implementation, topologyOf } from '../bench/topology/topology.ts';
import { SeededRandom } from '../server/runtime/seeded-random.ts';
import { checkAcknowledgedWrites } from './checkers/acknowledged-writes.ts';
import type { Judgement } from './checkers/judgement.ts';
import { checkSessionOrder } from './checkers/session-order.ts';
import { checkTreeEquality } from './checkers/tree-equality.ts';
import { checkWriteOrder } from './checkers/write-order.ts';
import { readMemberState } from './workloads/final-state.ts';
import { RegisterWorkload } from './workloads/register-workload.ts';

const test = suite('kill -9');

const KILLS = 50;
const WRITES_BETWEEN_KILLS = 20;
const PROGRESS_DEADLINE_MS = 60_000;

/** Short ticks and small logs: elections, snapshots and rolled logs all come within the run. */
const SETTINGS = {
  tickTime: '200',
  initLimit: '50',
  syncLimit: '20',
  snapCount: '400',
  preAllocSize: '64',
  'admin.enableServer': 'false',
};

async function withEnsemble(
  implementation: Implementation,
  body: (ensemble: Ensemble, load: RegisterWorkload, random: SeededRandom) => Promise<void>,
): Promise<Judgement[]> {
  const seed = String(propertySeed(process.env.ZKLAB_PROPERTY_SEED) ?? Date.now());
  process.stdout.write(`  seed ${seed}\n`);
  const topology = topologyOf({ voters: 3, observers: 1, implementation, settings: SETTINGS }, 'kill9');
  const ensemble = await Ensemble.start(await planEnsemble(topology, temporaryFolder()));
  const servers = ensemble.members.map(({ plan }) => plan.ports.client);
  const load = new RegisterWorkload({ servers, seed });
  try {
    await body(ensemble, load, new SeededRandom(seed));
    await ensemble.ready();
    await load.stop(PROGRESS_DEADLINE_MS);
    return await judge(ensemble, load);
  } finally {
    await load.stop(0);
    await ensemble.stop();
  }
}

async function judge(ensemble: Ensemble, load: RegisterWorkload): Promise<Judgement[]> {
  assert.equal(load.violations, []);
  await until(async () => new Set(await zxids(ensemble)).size === 1, {
    deadlineMs: PROGRESS_DEADLINE_MS,
    what: 'all members to have applied the same transactions',
  });
  const states = [];
  for (const { name, ownAddress } of ensemble.members)
    states.push(await readMemberState(name, ownAddress, load.paths));
  const { history } = load;
  return [
    checkTreeEquality(states),
    ...states.map(({ nodes }) => checkAcknowledgedWrites(history, nodes)),
    checkSessionOrder(history),
    checkWriteOrder(history),
  ];
}

async function zxids(ensemble: Ensemble): Promise<string[]> {
  const answers = ensemble.members.map(({ plan }) => fourLetterWord(plan.ports.client, 'srvr'));
  return (await Promise.all(answers)).map(answer => /^Zxid: (\S+)/m.exec(answer)?.[1] ?? 'none');
}

async function killAll(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(member => member.process.kill()));
}

/** Kills every member in the same moment, `rounds` times, under load. */
async function outages(ensemble: Ensemble, load: RegisterWorkload, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await load.untilAcknowledged(200, PROGRESS_DEADLINE_MS);
    await killAll(ensemble.members);
    for (const member of ensemble.members) member.start();
    await ensemble.ready();
  }
}

function invalid(judgements: readonly Judgement[]): string[] {
  return judgements
    .filter(({ valid }) => valid !== 'valid')
    .flatMap(({ checker, reasons }) => reasons.map(reason => `${checker}: ${reason}`));
}

test(
  `${KILLS} kills of members chosen at random, at random moments: no acknowledged write is lost`,
  async () => {
    const judgements = await withEnsemble('zklab', async (ensemble, load, random) => {
      for (let kill = 0; kill < KILLS; kill++) {
        await load.untilAcknowledged(WRITES_BETWEEN_KILLS, PROGRESS_DEADLINE_MS);
        await sleep(random.between(0, 150));
        const member = random.pick(ensemble.members);
        await member.process.kill();
        await sleep(random.between(0, 150));
        member.start();
        // Every other time the next kill may come while this one still recovers.
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
    assert.equal(invalid(judgements), []);
  },
  { deadlineMs: 900_000 },
);

test(
  'all members killed in the same moment, three times: no acknowledged write is lost',
  async () => {
    const judgements = await withEnsemble('zklab', (ensemble, load) => outages(ensemble, load, 3));
    assert.equal(invalid(judgements), []);
  },
  { deadlineMs: 400_000 },
);

test(
  'canary: logs that are acked before they are on disk lose acknowledged writes, and the same checkers say so',
  async () => {
    const main = fileURLToPath(new URL('./testing/forgetful-main.js', import.meta.url));
    const command = `${process.execPath} ${main} {cfg}`;
    const judgements = await withEnsemble({ command }, (ensemble, load) => outages(ensemble, load, 2));
    const losses = invalid(judgements).filter(reason => reason.startsWith('acknowledged writes'));
    assert.ok(losses.length > 0, `nothing found in ${JSON.stringify(judgements)}`);
  },
  { deadlineMs: 400_000 },
);
