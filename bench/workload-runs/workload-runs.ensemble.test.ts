/**
 * A workload against a server that runs already, what a client requested of it recorded, and that replayed:
 * results are valid, nothing fails, and the server is left as it was.
 */
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { loadRun } from '../../results/store.ts';
import { READ_ACL_UNSAFE } from '../../server/wire/acl.ts';
import { ZkClient } from '../load/client/client.ts';
import { withStandalone } from '../load/client/standalone.test-kit.ts';
import { RecordingFile } from '../recording/recording-file.ts';
import { RecordingProxy } from '../recording/recording-proxy.ts';
import { terminal } from '../terminal.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import { benchLoad } from './bench-load.ts';

const test = suite('workload runs: on a server that runs');

const OPTIONS = {
  warmupMs: 200,
  seed: 1,
  keep: false,
  json: false,
  signal: new AbortController().signal,
};

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
          ...OPTIONS,
          forMs: workload === 'w.yaml' ? 1_000 : undefined,
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

test(
  'a result is kept when what was created cannot be removed, and a note says what is left',
  () =>
    withStandalone('zklab', async ({ connectString }) => {
      const folder = temporaryFolder();
      writeFileSync(
        join(folder, 'w.yaml'),
        'description: d\noperations: { getData: 1 }\narrivals: { kind: constant, ratePerSecond: 200 }\n' +
          'sessionsPerMember: 1\nvalueBytes: 1\nkeyCount: 20\nroot: /guarded\n',
      );
      const said: string[] = [];
      const streams = {
        out: { write: () => {} },
        err: { write: (text: string) => said.push(text) },
      };
      const client = await ZkClient.connect(connectString);
      const loaded = benchLoad(terminal(streams), {
        ...OPTIONS,
        target: connectString,
        workload: join(folder, 'w.yaml'),
        forMs: 2_000,
        root: join(folder, 'runs'),
      });
      // The keys are created last.
      await until(async () => (await client.exists('/guarded/d0/k19')) !== null, {
        deadlineMs: 60_000,
        what: 'the last key',
      });
      await client.setACL('/guarded/d0', READ_ACL_UNSAFE);
      const exitCode = await loaded;
      const { run, measurements } = await loadRun(join(folder, 'runs', 'latest'));
      assert.is(run.exitCode, exitCode);
      assert.ok(measurements.length > 0);
      assert.match(
        said.join(''),
        /znodes from \/guarded on are left, because they could not be removed: NOAUTH/,
      );
      await client.close();
    }),
  { deadlineMs: 240_000 },
);

test('a port of another program is reported in one sentence about the ensemble, and not as a defect', async () => {
  const other = createServer(socket => {
    socket.on('error', () => {});
    socket.resume().end('SSH-2.0-OpenSSH_9.6\r\n');
  });
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const said = await benchLoad(terminal({ out: { write: () => {} }, err: { write: () => {} } }), {
    ...OPTIONS,
    target: `127.0.0.1:${port}`,
    workload: 'config-reads',
    forMs: 100,
    root: temporaryFolder(),
  }).catch((error: unknown) => error);
  other.close();
  assert.instance(said, EnsembleError);
  assert.match(
    (said as Error).message,
    /^the nodes of the workload cannot be created: CONNECTIONLOSS: no session/,
  );
});
