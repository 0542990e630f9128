/**
 * What we measure agrees with tools of others on the same ensemble: rates and latencies with kazoo, bytes
 * with what the kernel counts on each connection (`ss`), CPU with the ticks of /proc/PID/stat. It prints all.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assert, onPath, requirePeer, suite, temporaryFolder } from '#test';
import { bitsPerSecond } from '../hosts/network/link-limits.ts';
import { networkSupport } from '../hosts/network/network-support.ts';
import { tcpSockets } from '../hosts/tcp-sockets.ts';
import { LoadDriver } from '../load/load-process.ts';
import type { LoadMode, LoadSpec } from '../load/load-spec.ts';
import { preload } from '../load/workload/preload.ts';
import type { WorkloadSpec } from '../load/workload/workload.ts';
import { Ensemble } from '../topology/ensemble.ts';
import type { Member } from '../topology/member.ts';
import { planEnsemble } from '../topology/plan.ts';
import { readTopology } from '../topology/read-topology.ts';
import { countedSince, readCounters } from './exact-counts.ts';

const test = suite('measure: tools of others');
const DEADLINE = { deadlineMs: 240_000 };
const { bandwidth: noNetwork } = await networkSupport();

/** Of Debian's own Python: the one that Debian's kazoo belongs to. */
const PYTHON = '/usr/bin/python3';
const KAZOO_LOAD = fileURLToPath(new URL('../../../bench/measure/kazoo_load.py', import.meta.url));
const BANDWIDTH = '2mbit';
const VALUE_BYTES = 10_000;
/** The leader sends each value to two followers. */
const WRITE_MS = (2 * VALUE_BYTES * 8 * 1_000) / bitsPerSecond(BANDWIDTH)!;
/** Of logarithms. Links take most of a write, but interpreters and busy machines have their share. */
const AGREES_WITHIN = 0.3;
const WRITES = 40;

const WORKLOAD: WorkloadSpec = {
  mix: { setData: 1 },
  valueBytes: VALUE_BYTES,
  keyCount: 10,
  skew: { kind: 'uniform' },
  seed: 1,
};

async function withEnsemble(
  text: string,
  body: (ensemble: Ensemble, leader: Member, driver: LoadDriver) => Promise<void>,
): Promise<void> {
  const ensemble = await Ensemble.start(await planEnsemble(readTopology(text), temporaryFolder()));
  const driver = new LoadDriver();
  try {
    const leader = await ensemble.leaderWithin();
    await preload(leader.plan.ports.client, WORKLOAD, 1);
    await body(ensemble, leader, driver);
  } finally {
    await driver.close();
    await ensemble.stop();
  }
}

function specOf({ name, plan }: Member, mode: LoadMode, durationMs: number): LoadSpec {
  const targets = [{ name, ...plan.ports.client }];
  return { targets, sessionsPerTarget: 1, workload: WORKLOAD, mode, warmupMs: 500, durationMs };
}

function say(what: string, ours: number, theirs: number, unit: string): void {
  process.stdout.write(`  ${what}: ${ours.toFixed(1)} ${unit}, by others ${theirs.toFixed(1)}\n`);
}

function hasKazoo(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import kazoo'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function kazoo(member: Member, writes: number, window: number) {
  const args = [KAZOO_LOAD, member.ownAddress, '/kazoo', String(writes), String(window), String(VALUE_BYTES)];
  const { stdout } = await promisify(execFile)(PYTHON, args, { timeout: 120_000 });
  return JSON.parse(stdout) as { perSecond: number; medianMs: number };
}

test(
  'rate and latency of writes over narrow links are what kazoo measures there',
  async () => {
    requirePeer('kazoo', hasKazoo(), 'it measures the same ensemble');
    requirePeer('networks of members', noNetwork === undefined, noNetwork ?? '');
    await withEnsemble(`voters=3 bandwidth=${BANDWIDTH}`, async (_, leader, driver) => {
      // With several in flight, a follower that lags leaves the other more of the link: rates change.
      const ours = await driver.run(specOf(leader, { kind: 'closed', depth: 1 }, 4_000));
      const theirs = await kazoo(leader, WRITES, 1);
      const medianMs = ours.service.p50Us! / 1_000;
      say('writes, one at a time', ours.writesPerSecond, theirs.perSecond, 'per second');
      say('median of a write', medianMs, theirs.medianMs, 'ms');
      for (const [mine, other] of [
        [ours.writesPerSecond, theirs.perSecond],
        [medianMs, theirs.medianMs],
      ] as const)
        assert.ok(Math.abs(Math.log(mine / other)) < AGREES_WITHIN, `${mine} and ${other}`);
      assert.ok(medianMs > 0.8 * WRITE_MS, `${medianMs} ms: the links are the bound`);
    });
  },
  DEADLINE,
);

/** Sessions, pings and what is under way at the moment of reading. */
const BYTES_WITHIN = 0.01;
const CPU_WITHIN = 0.05;
const TICK_MS = 10;

/** What the kernel has carried from the leader to those that are connected to its quorum port. */
async function carriedBytes({ pid, plan }: Member): Promise<number> {
  const { host, port } = plan.ports.quorum;
  const sockets = (await tcpSockets([pid]))?.filter(({ local }) => local === `${host}:${port}`);
  assert.is(sockets?.length, 3, 'two followers and an observer');
  return sockets!.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
}

/** User and system time of a process, as proc(5) has them. */
function ticksMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

test(
  'bytes that the leader counts are those on its connections, and its CPU is that of /proc',
  async () => {
    requirePeer('ss', onPath('ss'), 'it tells what the kernel counted');
    await withEnsemble('voters=3 observers=1', async ({ members }, leader, driver) => {
      const [counted, carried] = [await readCounters(members), await carriedBytes(leader)];
      const [threadsMs, processMs] = [leader.host.threadsCpuMs(leader.pid)!, ticksMs(leader.pid)];
      await driver.run(specOf(leader, { kind: 'closed', depth: 64 }, 2_000));
      const ours = leader.host.threadsCpuMs(leader.pid)! - threadsMs;
      const theirs = ticksMs(leader.pid) - processMs;
      const names = members.map(({ name }) => name);
      const { deltas } = await countedSince(counted, members, leader.name, names);
      const after = await carriedBytes(leader);
      const { traffic, committed = 0 } = deltas.get(leader.name)!;
      const sent = [...traffic]
        .filter(([key]) => key.startsWith('sent '))
        .reduce((sum, [, { bytes }]) => sum + bytes, 0);
      assert.ok(committed >= 100, `${committed} writes`);
      say('bytes from the leader per write', sent / committed, (after - carried) / committed, 'bytes');
      say('CPU of the leader', ours, theirs, 'ms');
      assert.ok(Math.abs(sent / (after - carried) - 1) < BYTES_WITHIN, `${sent} and ${after - carried}`);
      assert.ok(Math.abs(ours - theirs) <= ours * CPU_WITHIN + 3 * TICK_MS, `${ours} and ${theirs} ms`);
    });
  },
  DEADLINE,
);
