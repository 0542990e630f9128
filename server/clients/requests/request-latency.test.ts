import { assert, suite } from '#test';
import { Summary } from '../../metrics/metrics.ts';
import { ServerStats } from '../../metrics/server-stats.ts';
import type { Request } from '../../processors/request.ts';
import type { ZooKeeperServer } from '../../processors/zookeeper-server.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { ConnectionStats } from '../connection-stats.ts';
import { RequestLatency } from './request-latency.ts';

const test = suite('clients: latency of requests');

function rig() {
  const clock = { readings: 0, nowMs: 100 };
  const server = {
    readLatency: new Summary(),
    updateLatency: new Summary(),
    parts: {
      clock: {
        monotonicMs: () => {
          clock.readings++;
          return clock.nowMs;
        },
      },
      stats: new ServerStats(),
      turns: { budget: { saw: () => {} } },
    },
  };
  const connection = { arrivedMs: 90, stats: new ConnectionStats(0) };
  const latency = new RequestLatency(connection, server as unknown as ZooKeeperServer);
  return { clock, server, connection, latency };
}

test('reads of one node are measured sixteen at a time, with one reading of the clock; others at once', () => {
  const { clock, server, latency } = rig();
  for (let i = 0; i < 15; i++) latency.readAnswered(OpCode.getData);
  assert.equal([clock.readings, server.readLatency.count], [0, 0]);
  latency.readAnswered(OpCode.exists);
  assert.equal([clock.readings, server.readLatency.count, server.readLatency.sum], [1, 16, 160]);
  latency.readAnswered(OpCode.getData);
  latency.readAnswered(OpCode.getChildren2);
  assert.equal([clock.readings, server.readLatency.count], [2, 18]);
});

test('what is left of a batch is recorded at its end, once, for the connection and for the server', () => {
  const { clock, server, connection, latency } = rig();
  latency.readAnswered(OpCode.ping);
  latency.recordReads();
  latency.recordReads();
  assert.is(clock.readings, 1);
  assert.is(connection.stats.latencyAvgMs, 10);
  assert.is(connection.stats.lastResponseMs, 100);
  assert.is(server.parts.stats.latencyAvgMs, 10);
});

test('a write counts as an update from when it came; a sync, which has no transaction, as a read', () => {
  const { server, latency } = rig();
  const request = { arrivedMs: 40 } as Request;
  latency.completed(request, true);
  assert.equal([server.updateLatency.sum, server.readLatency.sum], [60, 0]);
  latency.completed(request, false);
  assert.equal([server.updateLatency.count, server.readLatency.sum], [1, 60]);
});

test('a read that took several turns counts from when it came', () => {
  const { server, latency } = rig();
  latency.longReadAnswered(20);
  assert.equal([server.readLatency.count, server.readLatency.sum], [1, 80]);
});
