import { assert, suite } from '#test';
import { cannedReply, startFakeServer } from '../driver/fake-server.ts';
import { AvailabilityProbes } from './availability.ts';
import { AvailabilityTrack } from './availability-track.ts';
import { ZxidFrontier } from './zxid-frontier.ts';

const test = suite('load: availability');
/** So late that no answer counts as late only because a busy machine gave the process no turn. */
const PATIENT_MS = 30_000;

test('an answer after the timeout does not count, and a probe too young to judge is left out', () => {
  const track = new AvailabilityTrack('a', 'observer', 20, 100);
  for (const tick of [0, 1, 2, 3]) track.begin(tick);
  track.settle(0, 'ok', 5);
  track.settle(1, 'ok', 500);
  track.settle(1, 'ok', 5);
  const { timeline, probes, served } = track.finish(150);
  assert.is(timeline, 'ott');
  assert.is(probes, 3);
  assert.is(served, 1 / 3);
});

test('a member is stale when it is behind what another showed long ago, but not what it showed just now', () => {
  const frontier = new ZxidFrontier(1_000);
  frontier.saw(10, 0);
  frontier.saw(11, 500);
  assert.not(frontier.isStale(9, 999));
  assert.ok(frontier.isStale(9, 1_000));
  assert.not(frontier.isStale(10, 1_400));
  assert.ok(frontier.isStale(10, 1_500));
  assert.not(frontier.isStale(11, 99_999));
});

test('an outage of one member shows in that member only, with its real duration and its end', async () => {
  const [healthy, failing] = [await startFakeServer(), await startFakeServer()];
  const targets = [
    { name: 'healthy', host: '127.0.0.1', port: healthy.port, role: 'follower' },
    { name: 'failing', host: '127.0.0.1', port: failing.port, role: 'observer' },
  ];
  const probes = new AvailabilityProbes(targets, { intervalMs: 5, timeoutMs: PATIENT_MS });
  assert.ok(await probes.allConnected(30_000));
  probes.start();
  await new Promise(resolve => setTimeout(resolve, 100));
  await failing.close();
  await new Promise(resolve => setTimeout(resolve, 1_000));
  const [one, other] = await probes.stop();
  await healthy.close();
  assert.is(one!.served, 1);
  // The member is up, then a second of 5 ms probes has no answer until the end.
  assert.match(other!.timeline, /^[ol]+[^ol]{50,}$/);
  assert.ok(other!.outcomes.refused > 30, other!.timeline);
});

test('planted: a server that answers, but never anything new, is stale and not ok', async () => {
  let zxid = 1;
  const fresh = await startFakeServer({ onRequest: (r, c) => c.reply(r.xid, 0, Buffer.alloc(68), ++zxid) });
  const stuck = await startFakeServer({ onRequest: cannedReply });
  const probes = new AvailabilityProbes(
    [
      { name: 'fresh', host: '127.0.0.1', port: fresh.port, role: 'voter' },
      { name: 'stuck', host: '127.0.0.1', port: stuck.port, role: 'observer' },
    ],
    { intervalMs: 5, staleMs: 50, timeoutMs: PATIENT_MS },
  );
  await probes.allConnected(30_000);
  probes.start();
  await new Promise(resolve => setTimeout(resolve, 1_000));
  const [a, b] = await probes.stop();
  await Promise.all([fresh.close(), stuck.close()]);
  assert.is(a!.outcomes.stale, 0);
  assert.ok(b!.outcomes.stale > 20, b!.timeline);
  assert.is(b!.served, 1);
});

test('a silent member gives timeouts, not refusals', async () => {
  const server = await startFakeServer({ onRequest: () => {} });
  const target = { name: 'silent', host: '127.0.0.1', port: server.port, role: 'voter' };
  const probes = new AvailabilityProbes([target], { intervalMs: 5, timeoutMs: 50 });
  await probes.allConnected(30_000);
  probes.start();
  await new Promise(resolve => setTimeout(resolve, 600));
  const [result] = await probes.stop();
  await server.close();
  assert.ok(result!.outcomes.timeout > 10, result!.timeline);
  assert.is(result!.outcomes.ok, 0);
});

test('planted: a prober held up by its own process says so, and does not blame the member alone', async () => {
  const server = await startFakeServer();
  const target = { name: 'fine', host: '127.0.0.1', port: server.port, role: 'voter' };
  const probes = new AvailabilityProbes([target], { intervalMs: 5, slowMs: 40 });
  await probes.allConnected(30_000);
  probes.start();
  const until = performance.now() + 150;
  while (performance.now() < until);
  await new Promise(resolve => setTimeout(resolve, 100));
  const [result] = await probes.stop();
  await server.close();
  assert.ok(probes.lateTicks >= 20, `${probes.lateTicks} late`);
  assert.ok(result!.probes >= 40, 'all overdue ticks are present');
});
