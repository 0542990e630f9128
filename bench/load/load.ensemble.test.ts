/**
 * The whole driver against real servers, Apache's and ours: preload, both loops, and probes during an outage.
 */
import { assert, suite, until } from '#test';
import { mntr } from '../topology/four-letter.ts';
import { AvailabilityProbes } from './availability/availability.ts';
import { ZkClient } from './client/client.ts';
import { SERVERS, type Standalone, sharedStandalone } from './client/standalone.test-kit.ts';
import { startLoadProcess } from './load-process.ts';
import type { LoadSpec } from './load-spec.ts';
import { operationNames, RECIPES_FROM } from './workload/operations.ts';
import { preload } from './workload/preload.ts';
import type { WorkloadSpec } from './workload/workload.ts';

const test = suite('load: against real servers');

const ONE_REQUEST = operationNames.slice(0, RECIPES_FROM);
const RECIPES = operationNames.slice(RECIPES_FROM);

const WORKLOAD: WorkloadSpec = {
  mix: { ...Object.fromEntries(ONE_REQUEST.map(name => [name, 5])), getData: 30, setData: 15, create: 10 },
  valueBytes: 100,
  keyCount: 250,
  skew: { kind: 'zipfian', exponent: 0.99 },
  seed: 11,
};

function specOf(address: Standalone['address'], mode: LoadSpec['mode']): LoadSpec {
  const targets = [{ name: 'v1', ...address, role: 'leader' }];
  return { targets, sessionsPerTarget: 3, workload: WORKLOAD, mode, warmupMs: 300, durationMs: 1_000 };
}

/** On a busy machine a second may not be enough to draw each of 13 operations. */
const LOAD_MS_MAX = 64_000;

/** Loads until one has carried out all of these operations, each longer than the one before. */
async function loadOfAll(spec: LoadSpec, operations: readonly string[]) {
  let writes = 0;
  for (let loads = 1, { durationMs } = spec; ; loads++, durationMs *= 4) {
    const result = await startLoadProcess({ ...spec, durationMs }).result;
    writes += result.totals.writesOkWithWarmup;
    const isWhole = operations.every(name =>
      result.operations.some(({ operation, ok }) => operation === name && ok > 0),
    );
    if (isWhole || durationMs >= LOAD_MS_MAX) return { ...result, loads, writes };
  }
}

/** Probes that a busy machine sent late say more of the machine, so an outage with many is probed again. */
const OUTAGES_MAX = 4;
const LATE_SHARE_MAX = 0.05;

async function probedOutage(server: Standalone) {
  const probes = new AvailabilityProbes([{ name: 'v1', ...server.address, role: 'leader' }]);
  assert.ok(await probes.allConnected(60_000));
  probes.start();
  await new Promise(resolve => setTimeout(resolve, 200));
  await server.kill();
  await server.start();
  assert.ok(await probes.allConnected(60_000));
  await new Promise(resolve => setTimeout(resolve, 500));
  const [result] = await probes.stop();
  const { timeline, probes: sent, served = 1 } = result!;
  return { timeline, served, isVoid: probes.lateTicks > sent * LATE_SHARE_MAX };
}

for (const implementation of SERVERS) {
  const withServer = sharedStandalone(test, implementation);

  test(
    `${implementation}: every operation of one request succeeds, and the server counts as many writes as the clients`,
    () =>
      withServer(async ({ address, connectString }) => {
        assert.is(await preload(address, WORKLOAD, 3), 1 + 3 + 3 + 250);
        assert.is(await preload(address, WORKLOAD, 3), 0, 'a second preload finds all there');
        const client = await ZkClient.connect(connectString);
        const zxidOf = async () => (await client.setData('/load', null)).mzxid;
        const before = await zxidOf();
        const closed = await loadOfAll(specOf(address, { kind: 'closed', depth: 4 }), ONE_REQUEST);
        const after = await zxidOf();
        assert.equal(
          closed.operations.map(({ operation }) => operation),
          ONE_REQUEST,
        );
        assert.equal(
          closed.operations.flatMap(({ errors }) => Object.keys(errors)),
          [],
        );
        assert.is(closed.totals.unknown, 0);
        // One zxid per write, and per opened and closed session, plus the second of the two writes that read
        // the zxid.
        assert.is(after - before, closed.writes + closed.loads * 2 * 3 + 1);
        await client.close();
      }),
    { deadlineMs: 240_000 },
  );

  test(
    `${implementation}: sessions, locks and watches end as they should, and leave nothing`,
    () =>
      withServer(async ({ address, connectString }) => {
        const mix = Object.fromEntries(RECIPES.map(name => [name, 1]));
        const workload = { ...WORKLOAD, mix, locks: { count: 2, holdMs: 2 }, watchedNodes: 2 };
        await preload(address, workload, 3);
        const spec = { ...specOf(address, { kind: 'closed', depth: 4 }), workload };
        const { operations, totals } = await loadOfAll(spec, RECIPES);
        assert.equal(
          operations.map(({ operation }) => operation),
          RECIPES,
        );
        for (const { operation, ok, errors } of operations) {
          assert.ok(ok > 0, `${ok} ${operation}`);
          assert.equal(errors, {}, operation);
        }
        assert.is(totals.unknown, 0);
        const client = await ZkClient.connect(connectString);
        for (const lock of ['/load/lock0', '/load/lock1'])
          assert.equal(await client.getChildren(lock), [], 'every owner released its lock');
        // The client of this test, and the question.
        await until(async () => (await mntr(address)).numbers.get('num_alive_connections') === 2, {
          deadlineMs: 60_000,
          what: 'no connection of the load to be left',
        });
        await client.close();
      }),
    { deadlineMs: 240_000 },
  );

  test(
    `${implementation}: an open loop below saturation sends the requested load`,
    () =>
      withServer(async ({ address }) => {
        await preload(address, WORKLOAD, 3);
        const received = async () => (await mntr(address)).numbers.get('packets_received')!;
        const before = await received();
        const mode = { kind: 'open', ratePerSecond: 300, arrivals: 'poisson' } as const;
        const { sends, totals } = await startLoadProcess(specOf(address, mode)).result;
        assert.ok(Math.abs(sends.intended - 300) < 90, `${sends.intended} intended`);
        assert.is(sends.sent + sends.dropped, sends.intended);
        assert.is(totals.ok + totals.errors + totals.unknown, sends.sent);
        assert.is(totals.errors, 0);
        assert.ok((await received()) > before + sends.sent);
      }),
    { deadlineMs: 240_000 },
  );

  test(
    `${implementation}: probes see an outage begin and end`,
    () =>
      withServer(async server => {
        let seen = await probedOutage(server);
        for (let again = 1; seen.isVoid && again < OUTAGES_MAX; again++) seen = await probedOutage(server);
        assert.match(seen.timeline, /[ol][^ol].*[rt].*[ol]{5,}$/);
        assert.ok(seen.served < 1);
      }),
    { deadlineMs: 240_000 },
  );
}
