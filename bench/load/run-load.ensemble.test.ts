import { assert, suite, until } from '#test';
import { OpCode } from '../../server/wire/opcodes.ts';
import { LatencyHistogram } from '../measure/histograms.ts';
import { DRIVER_LIMITS } from './driver/driver-monitor.ts';
import {
  cannedReply,
  type FakeRequest,
  type FakeServerOptions,
  startFakeServer,
} from './driver/fake-server.ts';
import { driverOf, worstOf } from './driver/worst-driver.ts';
import { LoadError } from './load-error.ts';
import { LoadDriver, startLoadProcess } from './load-process.ts';
import { checkLoadSpec, type LoadMode, type LoadResult, type LoadSpec } from './load-spec.ts';
import { runLoad, voidReasons } from './run-load.ts';
import type { WorkloadSpec } from './workload/workload.ts';

const test = suite('load: runs');

const WORKLOAD: WorkloadSpec = {
  mix: { getData: 1 },
  valueBytes: 10,
  keyCount: 10,
  skew: { kind: 'uniform' },
  seed: 1,
};
const OPEN: LoadMode = { kind: 'open', ratePerSecond: 500, arrivals: 'constant' };

function specOf(port: number, more: Partial<LoadSpec> = {}): LoadSpec {
  const targets = [{ name: 'fake', host: '127.0.0.1', port, role: 'follower' }];
  return {
    targets,
    sessionsPerTarget: 2,
    workload: WORKLOAD,
    mode: OPEN,
    warmupMs: 50,
    durationMs: 300,
    drainMs: 500,
    ...more,
  };
}

async function against(options: FakeServerOptions, more: Partial<LoadSpec> = {}): Promise<LoadResult> {
  const server = await startFakeServer(options);
  try {
    return await runLoad(specOf(server.port, more));
  } finally {
    await server.close();
  }
}

test('open loop: every intended request of the window is accounted for, and none of the warm-up', async () => {
  const { sends, totals, operations } = await against({});
  assert.is(sends.intended, 150);
  assert.is(sends.sent + sends.dropped, 150);
  assert.is(totals.ok + totals.errors + totals.unknown, sends.sent);
  assert.equal(
    operations.map(({ target, role, operation }) => [target, role, operation]),
    [['fake', 'follower', 'getData']],
  );
  assert.is(LatencyHistogram.decode(operations[0]!.response).n, operations[0]!.ok);
});

test('planted: timers that fire early do not end a window early', async () => {
  const inTime = globalThis.setTimeout;
  const early = (run: () => void, ms = 0) => inTime(run, ms / 2);
  globalThis.setTimeout = early as typeof inTime;
  try {
    const { sends, measuredFrom, okPerSecond } = await against({});
    assert.is(sends.intended, 150);
    assert.ok(okPerSecond > 400, `${okPerSecond}/s from ${measuredFrom}`);
  } finally {
    globalThis.setTimeout = inTime;
  }
});

/** Answers nothing for `stallMs` once, then everything that came meanwhile, in order. */
function stalling(stallMs: number): FakeServerOptions {
  let seen = 0;
  let waiting: (() => void)[] | undefined;
  const release = (): void => {
    for (const answer of waiting ?? []) answer();
    waiting = undefined;
  };
  return {
    onRequest: (request, connection) => {
      if (++seen === 60) {
        waiting = [];
        setTimeout(release, stallMs);
      }
      if (waiting === undefined) cannedReply(request, connection);
      else waiting.push(() => cannedReply(request, connection));
    },
  };
}

test('coordinated omission: a stall shows in the open loop as every waiting request, in the closed loop as one', async () => {
  const open = await against(stalling(120));
  const closed = await against(stalling(120), {
    mode: { kind: 'closed', depth: 1 },
    sessionsPerTarget: 1,
    durationMs: 2_000,
  });
  // The server stops for 120 of 300 ms: two arrivals in five wait, on average for half of it.
  assert.ok(open.response.p90Us! > 40_000, `open p90 ${open.response.p90Us} us`);
  assert.ok(closed.response.n > 10, `${closed.response.n} closed`);
  assert.ok(closed.response.p90Us! < open.response.p90Us!, `closed p90 ${closed.response.p90Us} us`);
});

test('a rate counts what was answered in the measured time, and not what came later', async () => {
  const slow: FakeServerOptions = {
    onRequest: (request, connection) => void setTimeout(() => cannedReply(request, connection), 150),
  };
  const { operations, okPerSecond, totals } = await against(slow, { warmupMs: 0, drainMs: 5_000 });
  const [row] = operations;
  assert.is(row!.ok, 150);
  assert.is(totals.ok, 150);
  assert.ok(row!.okInWindow < 100, `${row!.okInWindow} of 150 in time`);
  const inTime = okPerSecond * 0.3;
  assert.ok(Math.abs(row!.okInWindow / inTime - 1) < 0.05, `${row!.okInWindow} and ${okPerSecond}/s`);
});

test('planted: a driver that sends late is void, however fast the server', async () => {
  const hold = setInterval(() => {
    const busyUntil = performance.now() + 3 * DRIVER_LIMITS.loopLagP99Ms;
    while (performance.now() < busyUntil);
  }, 1);
  const result = await against({}, { warmupMs: 0, durationMs: 2_000 }).finally(() => clearInterval(hold));
  assert.ok(result.sends.late > result.sends.sent / 2, `${result.sends.late} late of ${result.sends.sent}`);
  for (const reason of [/late and \d+ dropped/, /saturated|held up/])
    assert.match(result.voidReasons.join('\n'), reason);
  // Users feel the lateness too: response includes it, service does not.
  assert.ok(result.response.p50Us! > result.service.p50Us!);
});

test(
  'a full session drops arrivals and counts them; unanswered requests are unknown, not forgotten',
  async () => {
    const result = await against({ onRequest: () => {} }, { inFlightMax: 4, durationMs: 150 });
    assert.is(result.sends.sent + result.sends.dropped, result.sends.intended);
    assert.ok(result.sends.dropped > 60);
    assert.is(result.totals.unknown, result.sends.sent);
    assert.is(result.totals.ok, 0);
    assert.ok(result.voidReasons.includes('no operation succeeded'));
  },
  { deadlineMs: 240_000 },
);

test('errors count by name and not as successes; a failed multi is an error although its header says 0', async () => {
  const failedMulti = Buffer.from(
    `ffffffff0000000000 00000000 ffffffff00ffffff99 ffffff99 ffffffff01ffffffff`.replaceAll(' ', ''),
    'hex',
  );
  const result = await against(
    {
      onRequest: (request, connection) => {
        if (request.op === OpCode.multi) connection.reply(request.xid, 0, failedMulti);
        else connection.reply(request.xid, -101);
      },
    },
    { workload: { ...WORKLOAD, mix: { multi: 1, exists: 1 } } },
  );
  const errors = Object.fromEntries(
    result.operations.map(({ operation, errors }) => [operation, Object.keys(errors)]),
  );
  assert.equal(errors, { exists: ['NONODE'], multi: ['BADVERSION'] });
  assert.is(result.totals.ok, 0);
});

function pathOf({ op, bytes, start }: FakeRequest): string {
  if (op === OpCode.closeSession) return '';
  return bytes.toString('utf8', start + 12, start + 12 + bytes.readInt32BE(start + 8));
}

test('a delete removes only what was created; with nothing to delete it becomes a create', async () => {
  const alive = new Set<string>();
  let missed = 0;
  const result = await against(
    {
      onRequest: (request, connection) => {
        const path = pathOf(request);
        if (request.op === OpCode.create) alive.add(path);
        else if (request.op === OpCode.delete && !alive.delete(path)) missed++;
        cannedReply(request, connection);
      },
    },
    {
      workload: { ...WORKLOAD, mix: { create: 1, delete: 1 } },
      mode: { kind: 'closed', depth: 8 },
      durationMs: 1_000,
    },
  );
  assert.is(missed, 0);
  const count = (name: string) => result.operations.find(({ operation }) => operation === name)?.ok ?? 0;
  assert.ok(count('delete') > 10, `${count('delete')} deletes`);
  assert.is(result.totals.writesOk, count('create') + count('delete'));
});

test('a load continues after its connection is cut, and reports how often', async () => {
  let cut = false;
  const result = await against(
    {
      onRequest: (request, connection) => {
        if (!cut && request.op === OpCode.getData) {
          cut = true;
          connection.socket.destroy();
        } else cannedReply(request, connection);
      },
    },
    { warmupMs: 0 },
  );
  assert.is(result.reconnects, 1);
  assert.ok(result.totals.unknown >= 1);
  assert.ok(result.totals.ok > 10, `${result.totals.ok} ok`);
});

test('a target outside loopback is refused, unless a host of the lab gave its address', async () => {
  const far = { name: 'far', host: '192.0.2.1', port: 2181 };
  const error = await runLoad({ ...specOf(1), targets: [far] }).catch((caught: unknown) => caught as Error);
  assert.match((error as Error).message, /target far at 192.0.2.1: only loopback/);
  checkLoadSpec({ ...specOf(1), targets: [{ ...far, machine: 'a second machine' }] });
});

test('a saturated driver voids a result that is fine otherwise', async () => {
  const result = await against({});
  const saturated = { ...result, driver: { ...result.driver, cores: 0.95 } };
  assert.ok(voidReasons(saturated, false).some(reason => /0.95 cores/.test(reason)));
});

test(
  'a load process gives a result and progress, and can be ended early',
  async () => {
    const server = await startFakeServer();
    try {
      const seconds: number[] = [];
      const spec = specOf(server.port, { warmupMs: 0, durationMs: 1_200 });
      const result = await startLoadProcess(spec, ({ second }) => seconds.push(second)).result;
      assert.ok(result.totals.ok > 10, `${result.totals.ok} ok`);
      assert.ok(seconds.length >= 1, 'progress was told');
      const stopped = startLoadProcess({ ...spec, durationMs: 60_000 }, () => stopped.stop());
      assert.ok((await stopped.result).voidReasons.includes('the run was ended early'));
      await until(() => server.connections.size === 0, {
        deadlineMs: 30_000,
        what: 'the connections of what was stopped to end',
      });
    } finally {
      await server.close();
    }
  },
  { deadlineMs: 240_000 },
);

test('a failure in the load process is reported here', async () => {
  const gone = await startFakeServer();
  await gone.close();
  const error = await startLoadProcess(specOf(gone.port)).result.catch((caught: unknown) => caught as Error);
  assert.match((error as Error).message, /load driver: SessionError: cannot connect/);
});

test('a driver that is killed costs the load that it ran; the next load gets a new process', async () => {
  const server = await startFakeServer();
  const driver = new LoadDriver();
  try {
    const { pid } = driver;
    const spec = specOf(server.port, { warmupMs: 0, durationMs: 60_000 });
    const killed = driver.run(spec, () => process.kill(pid, 'SIGKILL')).catch((error: unknown) => error);
    const error = (await killed) as Error;
    assert.instance(error, LoadError);
    assert.match(error.message, /the load driver ended without a result: .*SIGKILL/);
    const { totals } = await driver.run({ ...spec, durationMs: 300 });
    assert.ok(totals.ok > 10, `${totals.ok} ok`);
    assert.is.not(driver.pid, pid);
    assert.ok(driver.worst!.cores > 0);
  } finally {
    await driver.close();
    await server.close();
  }
});

test('the worst of several drivers is the largest of each value', () => {
  const use = { cores: 0.5, loopUtilization: 1, loopLagP99Ms: 3, loopLagMaxMs: 9 };
  const sends = { intended: 100, late: 3, dropped: 2 };
  const worst = worstOf([
    null,
    driverOf(use, -14, sends),
    driverOf({ ...use, cores: 0.2, loopLagP99Ms: 8 }, 0),
  ]);
  assert.equal(worst, { cores: 0.5, loopLagP99Ms: 8, lateShare: 0.05, niceValue: 0 });
  assert.is(worstOf([null]), null);
});
