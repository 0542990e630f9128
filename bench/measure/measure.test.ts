import { readdirSync } from 'node:fs';
import * as net from 'node:net';
import { execa } from 'execa';
import { assert, suite, temporaryFolder, until } from '#test';
import { LOCAL_HOST } from '../hosts/local-host.ts';
import { machineTicksOf, machineUse } from '../hosts/machine-cpu.ts';
import { cpuMsOf, rssBytesOf, sampleProcess, threadsCpuMs } from '../hosts/process-usage.ts';
import { fourLetterWord, parseMntr, parseSrvr } from '../topology/four-letter.ts';
import { countersBetween, countersOf } from './counters.ts';
import { probeEnvironment } from './environment.ts';
import { cpuBetween, ProcessSampler } from './process-sampler.ts';

const test = suite('measure');

async function answering(
  onWord: (word: string, socket: net.Socket) => void,
  body: (port: number) => Promise<void>,
) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', word => onWord(word.toString(), socket));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    await body((server.address() as net.AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  }
}

const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'it succeeded',
    (error: Error) => error.message,
  );

test('a four-letter word returns the whole answer, however it is split', () =>
  answering(
    (word, socket) => {
      socket.write(`${word} an`);
      setImmediate(() => socket.end('swer'));
    },
    async port => assert.is(await fourLetterWord({ host: '127.0.0.1', port }, 'ruok'), 'ruok answer'),
  ));

test('a four-letter word fails by name at a silent server, at a closed port and with five letters', async () => {
  let closedPort = 0;
  await answering(
    () => {},
    async port => {
      closedPort = port;
      assert.match(
        await messageOf(fourLetterWord({ host: '127.0.0.1', port }, 'srvr', 50)),
        /srvr to .* within 50 ms/,
      );
      assert.match(await messageOf(fourLetterWord({ host: '127.0.0.1', port }, 'srvrs')), /four letters/);
    },
  );
  assert.match(
    await messageOf(fourLetterWord({ host: '127.0.0.1', port: closedPort }, 'srvr')),
    /ECONNREFUSED/,
  );
});

test('mntr: numbers and texts are separate; an answer without either is an error that quotes it', () => {
  const { numbers, texts } = parseMntr(
    'zk_version\t3.8.0\nzk_server_state\tleader\nzk_avg_latency\t0.5\nzk_uptime\t12\n',
  );
  assert.equal(
    [...numbers],
    [
      ['avg_latency', 0.5],
      ['uptime', 12],
    ],
  );
  assert.is(texts.get('server_state'), 'leader');
  assert.throws(
    () => parseMntr('mntr is not executed because it is not in the whitelist.'),
    /not in the whitelist/,
  );
});

test('srvr is null while a server looks for a leader', () => {
  assert.is(parseSrvr('This ZooKeeper instance is not currently serving requests\n'), null);
  const text =
    'Zookeeper version: 3.8.0-abc, built on x\nConnections: 2\nZxid: 0x100000001\nMode: observer\nNode count: 5\n';
  const parsed = {
    version: '3.8.0-abc',
    mode: 'observer',
    zxid: '0x100000001',
    nodeCount: 5,
    connections: 2,
  };
  assert.equal(parseSrvr(text), parsed);
});

test('/proc/<pid>/stat is read although the process name contains spaces and parentheses', () => {
  const fields = ['S', ...new Array(10).fill('0'), '150', '50', ...new Array(8).fill('0'), '10'];
  assert.is(cpuMsOf(`42 (a) b (c) ${fields.join(' ')} 0 0`), 2_000);
});

test('the time of all cores is read with its idle and stolen shares; guests are not counted twice', () => {
  assert.equal(machineTicksOf('cpu  100 10 50 800 20 5 5 10 3 0\ncpu0 1 2 3\n'), {
    idle: 820,
    steal: 10,
    all: 1000,
  });
  const from = machineTicksOf('cpu  100 10 50 800 40 0 0 0 0 0\ncpu0 50 5 25 400 20 0 0 0 0 0\n');
  const to = machineTicksOf('cpu  150 10 70 910 50 0 0 10 0 0\n');
  assert.equal(machineUse(from, to), { idle: 0.6, steal: 0.05 });
  assert.is(machineUse(from, from), undefined);
  assert.is(machineUse(null, to), undefined);
});

test('CPU of threads grows with the work of a process, in steps finer than a tick', () => {
  const from = threadsCpuMs(process.pid);
  if (from === null) return;
  assert.is.not(from % 10, 0);
  for (let i = 0, until = performance.now() + 5; performance.now() < until; i++) Math.sqrt(i);
  assert.ok(threadsCpuMs(process.pid)! > from);
  assert.is(threadsCpuMs(2 ** 30), null);
});

test('memory is read in kB, whatever the page size of the machine; a zombie has none', () => {
  assert.is(rssBytesOf('Name:\ta\nVmHWM:\t      99 kB\nVmRSS:\t      40 kB\nRssAnon:\t  1 kB\n'), 40_960);
  assert.is(rssBytesOf('Name:\ta\nState:\tZ (zombie)\n'), 0);
  const own = sampleProcess(process.pid)!.rssBytes;
  const said = process.memoryUsage.rss();
  assert.ok(own > said / 2 && own < said * 2, `${own} and ${said}`);
});

test('the CPU time of this process grows and is divided by operations; a dead process has none', () => {
  const before = sampleProcess(process.pid)!;
  // Until the system has counted it, however late a busy machine does so.
  let use = cpuBetween(before, before, 10);
  while (use.cpuMs < 40) use = cpuBetween(before, sampleProcess(process.pid)!, 10);
  assert.is(use.cpuUsPerOperation, (use.cpuMs * 1000) / 10);
  assert.is(cpuBetween(before, before, 0).cpuUsPerOperation, undefined);
  assert.is(sampleProcess(2 ** 30), null);
});

test('the sampler keeps a series by name, up to its limit', () => {
  const sampler = new ProcessSampler(
    () =>
      new Map([
        ['self', LOCAL_HOST.usage(process.pid)],
        ['gone', LOCAL_HOST.usage(2 ** 30)],
      ]),
    1_000,
    2,
  );
  for (let i = 0; i < 3; i++) sampler.sample();
  assert.is(sampler.series.get('self')?.length, 2);
  assert.not(sampler.series.has('gone'));
});

function countersText(proposals: number, bytes: number, fsyncs: number, committed: number): string {
  return [
    `zk_traffic_sent_proposal_sid_2_messages\t${proposals}`,
    `zk_traffic_sent_proposal_sid_2_bytes\t${bytes}`,
    `zk_traffic_sent_sync_request_sid_3_messages\t${proposals}`,
    `zk_traffic_sent_sync_request_sid_3_bytes\t${bytes}`,
    `zk_traffic_received_ack_sid_2_messages\t${proposals}`,
    `zk_traffic_received_ack_sid_2_bytes\t${bytes}`,
    `zk_fsync_count\t${fsyncs}`,
    `zk_txn_committed_count\t${committed}`,
  ].join('\n');
}

const counters = (...values: [number, number, number, number]) =>
  countersOf(parseMntr(countersText(...values)));

test('counts between two moments are by direction and kind', () => {
  const delta = countersBetween(counters(10, 1_000, 5, 10), counters(110, 9_000, 25, 110));
  assert.equal(
    [...delta.traffic],
    [
      ['sent proposal sid_2', { messages: 100, bytes: 8_000 }],
      ['sent sync_request sid_3', { messages: 100, bytes: 8_000 }],
      ['received ack sid_2', { messages: 100, bytes: 8_000 }],
    ],
  );
  assert.equal([delta.fsyncs, delta.committed], [20, 100]);
});

test('counts over a restart of the member are refused', () => {
  assert.throws(() => countersBetween(counters(10, 1, 1, 1), counters(9, 1, 1, 1)), /10 down to 9/);
});

test('traffic with a master and of elections is counted too', () => {
  const text = 'zk_traffic_sent_request_master_messages\t3\nzk_traffic_received_election_sid_1_bytes\t9\n';
  assert.equal(
    [...countersOf(parseMntr(text)).traffic],
    [
      ['sent request master', { messages: 3, bytes: 0 }],
      ['received election sid_1', { messages: 0, bytes: 9 }],
    ],
  );
});

test('Apache, which exports none of these, gives undefined, not zero', () => {
  const { fsyncs, committed, traffic } = countersOf(parseMntr('zk_version\t3.8.0'));
  assert.equal([fsyncs, committed, traffic.size], [undefined, undefined, 0]);
});

test('field report D4: the folder of a disk probe that was killed is removed by the next start', async () => {
  const TMPDIR = temporaryFolder();
  const run = (module: string, call: string) => {
    const url = JSON.stringify(new URL(module, import.meta.url));
    const env = { TMPDIR, XDG_RUNTIME_DIR: '' };
    return execa(process.execPath, ['--input-type=module', '-e', `(await import(${url})).${call}`], {
      env,
      reject: false,
    });
  };
  const left = () => readdirSync(TMPDIR).filter(name => name.startsWith('zklab-sync-'));
  const probe = run('./environment.js', `diskSync(${JSON.stringify(TMPDIR)}, 1e9)`);
  await until(() => left().length === 1, { deadlineMs: 60_000, what: 'the probe to have its folder' });
  probe.kill('SIGKILL');
  await probe;
  assert.is(left().length, 1);
  await run('../hosts/reaper.js', 'reap()');
  assert.equal(left(), []);
});

test(
  'the environment says what this machine is',
  async () => {
    const found = await probeEnvironment();
    assert.ok(found.cores >= 1 && found.memoryBytes > 1e8);
    assert.ok(found.diskSync!.medianUs >= 0 && found.diskSync!.samples === 50);
    assert.ok(found.loopbackRoundTrip.medianUs > 0);
    assert.is(found.node, process.version);
  },
  { deadlineMs: 240_000 },
);
