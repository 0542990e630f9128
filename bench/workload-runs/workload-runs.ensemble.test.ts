/**
 * A workload against a server that runs already, what a client requested of it recorded, and that replayed:
 * results are valid, nothing fails, and the server is left as it was.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { loadRun } from '../../results/store.ts';
import { ZkClient } from '../load/client.ts';
import { withStandalone } from '../load/standalone.test-kit.ts';
import { RecordingFile } from '../recording/recording-file.ts';
import { RecordingProxy } from '../recording/recording-proxy.ts';
import { terminal } from '../terminal.ts';
import { benchLoad } from './bench-load.ts';

const test = suite('workload runs: on a server that runs');

const WORKLOAD = `
description: a little of everything
operations: { getData: 5, setData: 3, lock: 1, watch: 1, openSession: 1, closeSession: 1 }
arrivals: { kind: poisson, ratePerSecond: 100 }
sessionsPerMember: 3
drivers: 2
valueBytes: { kind: uniform, min: 0, max: 100 }
keyCount: 20
root: /bench/a
`;

test(
  'a load and its replay have a row for each operation, and remove what they created',
  () =>
    withStandalone('zklab', async ({ address, connectString }) => {
      const folder = temporaryFolder();
      const root = join(folder, 'runs');
      const file = new RecordingFile(join(folder, 'r.zkrec'), { hashedPaths: true, bytesMax: 1_000_000 });
      const proxy = await RecordingProxy.listen({
        listen: { host: '127.0.0.1', port: 0 },
        to: address,
        pathText: path => path,
        onEvent: event => file.write(event),
      });
      writeFileSync(join(folder, 'w.yaml'), WORKLOAD);
      writeFileSync(join(folder, 'replay.yaml'), 'description: d\nreplay: r.zkrec\nroot: /replayed\n');
      const run = async (target: string, workload: string) => {
        const printed: string[] = [];
        const streams = { out: { write: (text: string) => printed.push(text) }, err: { write: () => {} } };
        const exitCode = await benchLoad(terminal(streams), {
          target,
          workload: join(folder, workload),
          forMs: workload === 'w.yaml' ? 1_000 : undefined,
          warmupMs: 200,
          seed: 1,
          keep: false,
          json: false,
          signal: new AbortController().signal,
          root,
        });
        const result = await loadRun(join(root, 'latest'));
        assert.is(result.run.exitCode, exitCode);
        const rates = result.measurements.filter(({ metric }) => metric.endsWith(' rate'));
        for (const { metric, exactCounts } of rates)
          assert.match(
            printed.join(''),
            new RegExp(`^${metric.replace(' rate', '')} +${exactCounts?.ok} `, 'm'),
          );
        return { result, operations: rates.map(({ metric }) => metric.replace(' rate', '')), rates };
      };
      const client = await ZkClient.connect(connectString);
      const { operations, rates } = await run(`127.0.0.1:${proxy.port}`, 'w.yaml');
      await proxy.close();
      file.end();
      for (const name of ['getData', 'setData', 'lock', 'watch', 'openSession'])
        assert.ok(operations.includes(name), `${name} of ${operations.join(', ')}`);
      for (const { metric, exactCounts } of rates) {
        const failures = Object.keys(exactCounts ?? {}).filter(name => name.startsWith('failed'));
        assert.equal(failures, [], metric);
      }
      assert.equal(await client.getChildren('/'), ['zookeeper'], 'the parent of the root is removed too');
      const replayed = await run(connectString, 'replay.yaml');
      for (const name of ['getData', 'setData', 'createEphemeral', 'delete'])
        assert.ok(replayed.operations.includes(name), `${name} of ${replayed.operations.join(', ')}`);
      assert.equal(await client.getChildren('/'), ['zookeeper']);
      await client.close();
    }),
  { deadlineMs: 240_000 },
);
