/**
 * AdminServer's HTTP: status and headers as Apache 3.8.0 with Jetty 9.4 gives them, asked for each of these.
 */
import { assert, suite } from '#test';
import { MemoryClient } from '../memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import type { BodyReader, HttpResponse, StreamedBody } from '../runtime/runtime.ts';
import { ANSWERS_MAX, AnswerPump, TOO_MANY_ANSWERS } from '../turns/answer-pump.ts';
import { TurnQueue } from '../turns/turn-queue.ts';
import { answer } from './admin-server.ts';
import { commandPieces } from './commands.ts';

const test = suite('admin: HTTP');

function rig() {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const { view } = ensemble.server(1);
  const { clock, guard } = view;
  const answers = new AnswerPump({ turns: new TurnQueue(clock), clock, guard });
  const ask = async (method: string, path: string, waitMs = 1000): Promise<HttpResponse> => {
    const response = answer(
      { method, path, query: {}, headers: {}, body: Buffer.alloc(0) },
      { view, answers, commandUrl: '/commands' },
    );
    ensemble.time.advance(waitMs);
    return response;
  };
  return { ensemble, view, answers, ask };
}

/** Sets enough watches for an answer of about a megabyte. */
function watchMuch(ensemble: MemoryEnsemble): void {
  const { dataWatches } = ensemble.server(1).database.tree;
  const watcher = { sessionId: 5n, watchBytes: 0, process() {} };
  for (let i = 0; i < 10_000; i++) dataWatches.add(`/${'x'.repeat(80)}${i}`, watcher);
}

/** A reader that takes a body as fast as the test says. */
class Reader implements BodyReader {
  text = '';
  ended: string | null = null;
  keepsUp = true;

  write(text: string): boolean {
    this.text += text;
    return this.keepsUp;
  }

  end(): void {
    this.ended = 'end';
  }

  destroy(): void {
    this.ended = 'destroyed';
  }
}

const ALLOW = { allow: 'GET, HEAD, OPTIONS' };

test('field report D2: each method has the status that Jetty gives it, and OPTIONS lists the allowed ones', async () => {
  const { ask } = rig();
  const statuses: [method: string, path: string, status: number][] = [
    ['GET', '/commands/ruok', 200],
    ['HEAD', '/commands/ruok', 200],
    ['OPTIONS', '/commands/ruok', 200],
    ['POST', '/commands/ruok', 405],
    ['PUT', '/commands/ruok', 405],
    ['DELETE', '/commands/ruok', 405],
    ['TRACE', '/commands/ruok', 403],
    ['PATCH', '/commands/ruok', 501],
    ['GET', '/commands', 200],
    ['HEAD', '/commands', 200],
    ['OPTIONS', '/commands', 200],
    ['POST', '/commands', 405],
    ['GET', '/', 404],
    ['HEAD', '/', 404],
    ['OPTIONS', '/', 200],
    ['POST', '/', 405],
    ['OPTIONS', '*', 200],
    ['GET', '*', 400],
    ['GET', '/commands/%zz', 400],
    ['GET', '//commands/ruok', 404],
    ['GET', '/command', 404],
    ['GET', '/commandsx', 404],
  ];
  for (const [method, path, expected] of statuses) {
    const { status, headers, body } = await ask(method, path);
    assert.is(status, expected, `${method} ${path}`);
    if (method === 'OPTIONS') assert.equal([headers, body], [ALLOW, '']);
    if (expected === 405) assert.equal(headers, ALLOW);
  }
});

test('field report D2: HEAD has the headers of GET, with the length of the body that it does not send', async () => {
  const { ensemble, ask } = rig();
  watchMuch(ensemble);
  for (const path of ['/commands/ruok', '/commands/none', '/commands/wchp']) {
    const head = await ask('HEAD', path);
    const whole = [...commandPieces(path.slice('/commands/'.length), ensemble.server(1).view)].join('');
    assert.equal(
      [head.status, head.contentType, head.body, head.headers],
      [200, 'application/json', '', { 'content-length': String(whole.length) }],
    );
  }
});

test('the names of commands are decoded and resolved as by Jetty, and an unknown command is answered with status 200', async () => {
  const { ask } = rig();
  const names: [path: string, command: string, known: boolean][] = [
    ['/commands/ruok', 'ruok', true],
    ['/commands/%72uok', 'ruok', true],
    ['/%63ommands/ru%6Fk', 'ruok', true],
    ['/commands/ruok;x=1', 'ruok', true],
    ['/commands/../commands/ruok', 'ruok', true],
    ['/commands/ruok/', 'ruok/', false],
    ['/commands//ruok', '/ruok', false],
    ['/commands/ruok%2F', 'ruok/', false],
    ['/commands/RUOK', 'RUOK', false],
    ['/commands/none/x', 'none/x', false],
    ['/commands/%ff', '\u00ff', false],
    ['/commands/a%20b%0a<x>', 'a b\n<x>', false],
  ];
  for (const [path, command, known] of names) {
    const { status, contentType, body } = await ask('GET', path);
    const error = known ? null : `Unknown command: ${command}`;
    assert.equal(
      [status, contentType, JSON.parse(String(body))],
      [200, 'application/json', { command, error }],
      path,
    );
  }
});

test('field report B1: a long answer is a body that is made while it is read, the same bytes as in one piece', async () => {
  const { ensemble, view, ask, answers } = rig();
  watchMuch(ensemble);
  const { status, body } = await ask('GET', '/commands/wchp');
  assert.ok(status === 200 && typeof body !== 'string');
  const reader = new Reader();
  reader.keepsUp = false;
  (body as StreamedBody).start(reader);
  ensemble.time.advance(1000);
  assert.ok(reader.text.length < 100_000, 'nothing more for a reader that does not take it');
  reader.keepsUp = true;
  (body as StreamedBody).drained();
  ensemble.time.advance(1000);
  assert.is(reader.ended, 'end');
  assert.is(reader.text, [...commandPieces('wchp', view)].join(''));
  assert.is(answers.underWay, 0);
});

test('a long answer that fails, or that is cut off, ends its connection, so that nobody takes a part for the whole', async () => {
  const { ensemble, view, ask, answers } = rig();
  watchMuch(ensemble);
  const { body } = await ask('GET', '/commands/wchp');
  const reader = new Reader();
  reader.keepsUp = false;
  (body as StreamedBody).start(reader);
  answers.close();
  assert.is(reader.ended, 'destroyed');

  const before = await ask('GET', '/commands/wchp');
  answers.close();
  const late = new Reader();
  (before.body as StreamedBody).start(late);
  assert.equal([late.text.length, late.ended], [0, 'destroyed']);

  Object.defineProperty(view, 'zxid', { get: () => '' });
  Object.defineProperty(view.stats, 'latencyAvgMs', {
    get: () => {
      throw new Error('planted in /some/where');
    },
  });
  const failed = await ask('GET', '/commands/srvr');
  assert.is(failed.status, 500);
  assert.match(String(failed.body), /srvr failed \(ZK_GUARD\)/);
  assert.not.match(String(failed.body), /some/);
});

test('too many long answers are a 503, and a reader that goes away makes room', async () => {
  const { ensemble, ask, answers } = rig();
  watchMuch(ensemble);
  const bodies: StreamedBody[] = [];
  // Stays within the time limit of slow readers.
  const soon = () => ask('GET', '/commands/wchp', 0.01);
  for (let i = 0; i < ANSWERS_MAX; i++) bodies.push((await soon()).body as StreamedBody);
  assert.is(answers.underWay, ANSWERS_MAX);
  const refused = await soon();
  assert.equal([refused.status, JSON.parse(String(refused.body))], [503, { error: TOO_MANY_ANSWERS }]);
  bodies[0]!.closed();
  assert.is((await soon()).status, 200);
});

/** What monitoring agents read from AdminServer, by the JSON paths that they name. */
const HTTP_AGENTS: readonly { name: string; command: string; needs: readonly string[] }[] = [
  {
    name: 'Zabbix, templates/app/zookeeper_http',
    command: 'monitor',
    needs: (
      'version server_state uptime approximate_data_size max_file_descriptor_count open_file_descriptor_count ' +
      'outstanding_requests commit_count diff_count snap_count looking_count num_alive_connections global_sessions ' +
      'local_sessions connection_drop_count connection_rejected connection_revalidate_count revalidate_count max_latency ' +
      'min_latency avg_latency znode_count ephemerals_count watch_count packets_sent packets_received bytes_received_count ' +
      'avg_election_time cnt_election_time avg_fsynctime cnt_fsynctime avg_snapshottime cnt_snapshottime'
    ).split(' '),
  },
  {
    name: 'Sensu, sensu-plugins-zookeeper/bin/check-zookeeper_3.5-cluster.rb',
    command: 'monitor',
    needs: ['error', 'avg_latency', 'server_state'],
  },
];

test('field report D1: agents that ask AdminServer find the values that they read', async () => {
  const { ensemble, ask } = rig();
  MemoryClient.open(ensemble).create('/a');
  for (const { name, command, needs } of HTTP_AGENTS) {
    const answer = JSON.parse(String((await ask('GET', `/commands/${command}`)).body)) as Record<
      string,
      unknown
    >;
    for (const need of needs) assert.ok(need in answer, `${need} for ${name}`);
    for (const [key, value] of Object.entries(answer))
      if (!['version', 'server_state', 'command', 'error'].includes(key)) assert.type(value, 'number', key);
  }
});

test('field report D1: Zabbix finds each client by its address, with or without a session', async () => {
  const { ensemble, ask } = rig();
  MemoryClient.open(ensemble);
  ensemble.dial(1, CLIENT_PORT);
  const { body } = await ask('GET', '/commands/connections');
  const { connections } = JSON.parse(String(body)) as { connections: Record<string, unknown>[] };
  assert.is(connections.length, 2);
  for (const connection of connections) {
    assert.match(String(connection.remote_socket_address), /^[\w.]+:\d+$/);
    for (const key of ['max_latency', 'min_latency', 'avg_latency', 'packets_sent', 'packets_received'])
      assert.type(connection[key], 'number', key);
    assert.type(connection.outstanding_requests, 'number');
  }
});
