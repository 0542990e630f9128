import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import type { HttpRequest } from '../runtime/runtime.ts';
import { AnswerPump } from '../turns/answer-pump.ts';
import { TurnQueue } from '../turns/turn-queue.ts';
import { OpCode } from '../wire/opcodes.ts';
import { answer } from './admin-server.ts';
import { commandNames, commandPieces } from './commands.ts';
import { answerFourLetterWord } from './four-letter-words.ts';

const test = suite('admin: commands');

type Json = Record<string, unknown>;

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';

function standalone() {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  return { ensemble, view: ensemble.server(1).view };
}

/** The answer as it is sent by HTTP. */
function get(view: ReturnType<typeof standalone>['view'], path: string, method = 'GET') {
  const request: HttpRequest = { method, path, query: {}, headers: {}, body: Buffer.alloc(0) };
  const { clock, guard } = view;
  const answers = new AnswerPump({ turns: new TurnQueue(clock), clock, guard });
  const response = answer(request, { view, answers, commandUrl: '/commands' });
  if (response instanceof Promise) throw new Error(`${path} is not answered at once`);
  return response;
}

/** The answer with each integer as a BigInt, because session ids do not fit into numbers. */
function exact(view: ReturnType<typeof standalone>['view'], name: string, query = {}): Json {
  const text = [...commandPieces(name, view, query)].join('');
  return JSON.parse(text.replace(/(: |\[ |, )(-?\d+)(?=[,\n ])/g, '$1"$2n"'), (_key, value: unknown) =>
    typeof value === 'string' && /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  ) as Json;
}

function json(view: ReturnType<typeof standalone>['view'], name: string): Json {
  const { status, contentType, body: text } = get(view, `/commands/${name}`);
  assert.equal([status, contentType], [200, 'application/json']);
  return JSON.parse(String(text)) as Json;
}

test('every command answers JSON that ends with its name and a null error, by its alias too', () => {
  const { ensemble, view } = standalone();
  MemoryClient.open(ensemble);
  for (const name of commandNames()) {
    if (['leader', 'set_trace_mask', 'set_learner_master'].includes(name)) continue;
    const result = json(view, name);
    assert.equal(Object.keys(result).slice(-2), ['command', 'error'], name);
    assert.equal([result.command, result.error], [name, null]);
  }
  for (const [alias, name] of [
    ['srvr', 'server_stats'],
    ['stat', 'stats'],
    ['mntr', 'monitor'],
    ['cons', 'connections'],
    ['conf', 'configuration'],
    ['config', 'configuration'],
    ['isro', 'is_read_only'],
    ['lead', 'leader'],
    ['obsr', 'observers'],
    ['wchs', 'watch_summary'],
    ['env', 'environment'],
    ['envi', 'environment'],
    ['sysp', 'system_properties'],
    ['gtmk', 'get_trace_mask'],
    ['icfg', 'initial_configuration'],
    ['lsnp', 'last_snapshot'],
    ['glms', 'get_learner_master'],
    ['slms', 'set_learner_master'],
    ['orst', 'observer_connection_stat_reset'],
  ]) {
    assert.is(json(view, alias!).command, name);
  }
});

test('an unknown command is reported in the answer, with status 200, as by upstream’s 3.8', () => {
  const { view } = standalone();
  for (const name of ['nope', '__proto__', 'toString', 'ruok/', '/ruok', 'none/x']) {
    assert.equal(json(view, name), { command: name, error: `Unknown command: ${name}` });
  }
});

/** Upstream has them in JMX. */
const OURS = ['get_learner_master', 'set_learner_master'];

test('the commands are those of upstream’s 3.8, in its order, and two more', () => {
  const names =
    'configuration connection_stat_reset connections dirs dump environment get_trace_mask hash initial_configuration ' +
    'is_read_only last_snapshot leader monitor observer_connection_stat_reset observers ruok server_stats ' +
    'set_trace_mask stat_reset stats system_properties voting_view watch_summary watches watches_by_path zabstate';
  assert.equal(
    commandNames().filter(name => !OURS.includes(name)),
    names.split(' '),
  );
  for (const name of OURS) assert.ok(commandNames().includes(name), name);
});

test('set_trace_mask takes a long, and says what is wrong with anything else', () => {
  const { view } = standalone();
  const set = (traceMask: string) => exact(view, 'stmk', { traceMask });
  const most = 2n ** 63n - 1n;
  assert.equal(set(String(most)), { tracemask: most, command: 'set_trace_mask', error: null });
  assert.ok(String(get(view, '/commands/gtmk').body).includes(`"tracemask" : ${most},`), 'exact');
  const needed = 'setTraceMask requires long traceMask argument';
  assert.equal(json(view, 'set_trace_mask'), { error: needed, command: 'set_trace_mask' });
  for (const wrong of ['x', '', '1.5', String(most + 1n)])
    assert.is(set(wrong).error, `${needed}, got ${wrong}`);
});

test('a standalone server has no leader and no Zab state', () => {
  const { view } = standalone();
  assert.equal(json(view, 'leader'), { error: 'server is not initialized', command: 'leader' });
  assert.equal(json(view, 'zabstate'), { voting: false, zabstate: '', command: 'zabstate', error: null });
});

test('last_snapshot: zxid and time of the newest on disk', () => {
  const { zxid, timestamp } = json(standalone().view, 'last_snapshot');
  assert.is(zxid, '0');
  assert.ok(Number(timestamp) > 1_700_000_000 && Number.isInteger(timestamp), String(timestamp));
});

test('the list of commands is at the root, other paths are 404, and only GET is accepted', () => {
  const { view } = standalone();
  for (const path of ['/commands', '/commands/']) {
    const { status, contentType, body: text } = get(view, path);
    assert.equal([status, contentType], [200, 'text/html']);
    for (const name of commandNames()) assert.ok(String(text).includes(`href="/commands/${name}"`), name);
  }
  for (const path of ['/', '/command', '/commandsruok']) assert.is(get(view, path).status, 404);
  for (const method of ['POST', 'PUT', 'DELETE']) assert.is(get(view, '/commands/ruok', method).status, 405);
});

test('field report D1: a server that does not serve says so, except to zabstate and questions about the process', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).boot(1);
  ensemble.time.advance(500);
  const { view } = ensemble.server(1);
  const answered = ['zabstate', 'environment', 'system_properties', 'get_trace_mask', 'set_trace_mask'];
  for (const name of commandNames())
    assert.is(json(view, name).error === NOT_SERVING, !answered.includes(name), name);
});

test('server_stats: the keys of a live 3.8', () => {
  const { ensemble, view } = standalone();
  MemoryClient.open(ensemble).create('/a');
  const stats = json(view, 'server_stats');
  assert.equal(Object.keys(stats), [
    'version',
    'read_only',
    'server_stats',
    'client_response',
    'node_count',
    'command',
    'error',
  ]);
  const inner = stats.server_stats as Json;
  const names =
    'packets_sent packets_received fsync_threshold_exceed_count client_response_stats provider_null server_state ' +
    'outstanding_requests min_latency avg_latency max_latency data_dir_size log_dir_size last_processed_zxid ' +
    'num_alive_client_connections uptime auth_failed_count non_mtlsremote_conn_count non_mtlslocal_conn_count';
  assert.equal(Object.keys(inner), names.split(' '));
  assert.equal(
    [
      inner.server_state,
      inner.last_processed_zxid,
      inner.num_alive_client_connections,
      inner.packets_received,
    ],
    ['standalone', 2, 1, 2],
  );
  assert.equal([stats.node_count, stats.read_only], [6, false]);
});

test('connections: what the server knows of each client, with latencies and the time it connected', () => {
  const { ensemble, view } = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/a');
  const result = json(view, 'connections');
  assert.equal(result.secure_connections, []);
  const [connection] = result.connections as Json[];
  const { remote_socket_address, established, interest_ops, ...rest } = connection!;
  assert.match(String(remote_socket_address), /^visitor\d+:\d+$/);
  const text = String(get(view, '/commands/connections').body);
  assert.ok(text.includes(`"session_id" : ${client.response!.sessionId},`), text);
  assert.match(new Date(Number(established)).toISOString(), /^2024-01-01T00:00:0/);
  assert.is(interest_ops, 1);
  assert.equal(
    [rest.last_operation, rest.last_cxid, rest.last_zxid, rest.session_timeout, rest.outstanding_requests],
    ['CREA', 1, 2, 4000, 0],
  );
  for (const key of ['last_response_time', 'last_latency', 'min_latency', 'avg_latency', 'max_latency'])
    assert.type(rest[key], 'number', key);
});

test('configuration, watch_summary, hash: values of this server', () => {
  const { ensemble, view } = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/a');
  client.ask(OpCode.getData, body.read('/a', true));
  const configuration = json(view, 'configuration');
  assert.equal([configuration.client_port, configuration.tick_time, configuration.server_id], [2181, 200, 0]);
  assert.equal(
    [configuration.min_session_timeout, configuration.max_session_timeout, configuration.max_client_cnxns],
    [400, 4000, 60],
  );
  const { num_connections, num_paths, num_total_watches } = json(view, 'watch_summary');
  assert.equal([num_connections, num_paths, num_total_watches], [1, 1, 1]);
  for (let i = 0; i < 128; i++) client.ask(OpCode.setData, body.setData('/a', `${i}`));
  const [entry] = json(view, 'hash').digests as Json[];
  assert.equal([entry!.zxid, entry!.digest_version, typeof entry!.digest], [128, 2, 'number']);
});

test('dump, watches and resets', () => {
  const { ensemble, view } = standalone();
  const client = MemoryClient.open(ensemble);
  client.create('/mine', '', 1);
  client.ask(OpCode.getData, body.read('/mine', true));
  const session = client.response!.sessionId;
  const { expiry_time_to_session_ids, session_id_to_ephemeral_paths } = exact(view, 'dump');
  assert.equal(Object.values(expiry_time_to_session_ids as Json), [[session]]);
  assert.equal(session_id_to_ephemeral_paths, { [String(session)]: ['/mine'] });
  assert.equal(exact(view, 'wchc').session_id_to_watched_paths, { [String(session)]: ['/mine'] });
  assert.equal(exact(view, 'wchp').path_to_session_ids, { '/mine': [session] });
  json(view, 'crst');
  json(view, 'srst');
  const [connection] = json(view, 'cons').connections as Json[];
  assert.is(connection!.packets_received, 0);
  assert.is((json(view, 'srvr').server_stats as Json).packets_received, 0);
});

test('voting_view: the voters; only the server that is asked has its client port there, as on Apache', () => {
  const ensemble = new MemoryEnsemble({ voters: 2, observers: 1 }).start();
  const member = (sid: number, client = ''): Json => ({
    server_addresses: [`zk${sid}:2888`],
    election_addresses: [`zk${sid}:3888`],
    client_address: client,
    learner_type: 'participant',
  });
  const view = (sid: number) => json(ensemble.server(sid).view, 'voting_view').current_config;
  assert.equal(view(1), { 1: member(1, '0.0.0.0:2181'), 2: member(2) });
  assert.equal(view(3), { 1: member(1), 2: member(2) });
});

test('field report C4: initial_configuration is the text of zoo.cfg, of a member and of a standalone server', () => {
  const settings = { '# kept by': 'operations', minSessionTimeout: 500 };
  const start =
    'dataDir=/data\nclientPort=2181\ntickTime=200\ninitLimit=10\nsyncLimit=5\n4lw.commands.whitelist=*\npreAllocSize=64\n';
  const end = '# kept by=operations\nminSessionTimeout=500\n';
  const alone = new MemoryEnsemble({ voters: 0, settings }).start().server(1).view;
  assert.is(json(alone, 'icfg').initial_configuration, start + end);
  const member = new MemoryEnsemble({ voters: 2, observers: 1, settings }).start().server(3).view;
  const servers =
    'server.1=zk1:2888:3888\nserver.2=zk2:2888:3888\nserver.3=zk3:2888:3888:observer\npeerType=observer\n';
  assert.is(json(member, 'icfg').initial_configuration, start + end + servers);
});

const OBSERVER_KEYS = [
  'remote_socket_address',
  'sid',
  'established',
  'queued_packets',
  'queued_packets_size',
  'packets_received',
  'packets_sent',
  'requests',
  'last_zxid',
];

for (const [master, settings] of [
  ['a leader', {}],
  ['an observer master', { observerMasterPort: 2191 }],
] as const) {
  test(`observers has the nine keys of upstream, requests and last_zxid among them, from ${master}; observer_connection_stat_reset`, () => {
    const ensemble = new MemoryEnsemble({ voters: 2, observers: 1, settings }).start();
    const asked = ensemble.sids.find(
      sid => sid !== 3 && (sid === ensemble.leader) === (master === 'a leader'),
    )!;
    const { view } = ensemble.server(asked);
    const observer = () => {
      const { synced_observers, observers } = json(view, 'observers');
      assert.equal([synced_observers, (observers as Json[]).length], [1, 1]);
      return (observers as Json[])[0]!;
    };
    assert.equal(Object.keys(observer()), OBSERVER_KEYS);
    assert.is(observer().sid, 3);
    assert.is(observer().requests, 0);
    const { zxid } = MemoryClient.open(ensemble, 3).create('/a');
    assert.is(observer().requests, 2, 'createSession and create');
    assert.is(observer().last_zxid, zxid);
    assert.ok(
      Number(observer().packets_received) >= 3 && Number(observer().packets_sent) >= 4,
      'with its ACK, pings and informs',
    );
    json(view, 'orst');
    const { packets_received, packets_sent, requests, last_zxid } = observer();
    assert.equal([packets_received, packets_sent, requests, last_zxid], [0, 0, 0, -1]);
  });
}

test('field report C4: a leader with leaderServes=no reports itself as leader, with its proposals, and answers srvr as Apache does', () => {
  const ensemble = new MemoryEnsemble({ voters: 2, settings: { leaderServes: 'no' } }).boot();
  const leads = () => ensemble.sids.find(sid => ensemble.server(sid).view.leader?.server != null);
  ensemble.wait(
    () => leads() !== undefined && ensemble.sids.some(sid => ensemble.server(sid).view.serving !== null),
    'one to lead, one to serve',
  );
  const leader = leads()!;
  const { view } = ensemble.server(leader);
  MemoryClient.open(ensemble, 3 - leader).create('/a');
  assert.is(view.serving, null, 'it takes no clients');
  const { server_state, global_sessions, last_proposal_size, max_proposal_size } = json(view, 'monitor');
  assert.equal([server_state, global_sessions], ['leader', 1]);
  assert.ok(Number(last_proposal_size) > 0 && Number(max_proposal_size) > 0);
  const { server_stats, proposal_stats } = json(view, 'server_stats') as Record<string, Json>;
  assert.is(server_stats!.server_state, 'leader');
  assert.is(proposal_stats!.last_buffer_size, last_proposal_size);
  assert.is(Object.keys(json(view, 'dump').expiry_time_to_session_ids as Json).length, 1);
  assert.is(json(view, 'ruok').error, null);
  for (const word of ['srvr', 'mntr'])
    assert.equal([...answerFourLetterWord(word, view)!], [`${NOT_SERVING}\n`], word);
});

test("zabstate: addresses as upstream's MultipleAddresses, which are objects", () => {
  const { view } = new MemoryEnsemble({ voters: 2 }).start().server(1);
  const { quorum_address, election_address, client_address } = json(view, 'zabstate');
  const only = (port: number) => ({
    empty: false,
    all_addresses: [`zk1:${port}`],
    all_reachable_addresses: [`zk1:${port}`],
    one: `zk1:${port}`,
    reachable_address: `zk1:${port}`,
    wildcard_addresses: [`0.0.0.0:${port}`],
    all_ports: [port],
    all_host_strings: ['zk1'],
    all_reachable_addresses_or_all: [`zk1:${port}`],
    reachable_or_one: `zk1:${port}`,
  });
  assert.equal([quorum_address, election_address, typeof client_address], [only(2888), only(3888), 'string']);
});

test('roles in an ensemble: every member, observers too, names the leader that elections chose; the leader lists its observers', () => {
  const ensemble = new MemoryEnsemble({ voters: 2, observers: 1 }).start();
  const { leader } = ensemble;
  MemoryClient.open(ensemble, 3).create('/a');
  ensemble.time.advance(100);
  for (const sid of ensemble.sids) {
    const { view } = ensemble.server(sid);
    const { is_leader, leader_id, leader_ip } = json(view, 'leader');
    assert.equal([is_leader, leader_id, leader_ip], [sid === leader, leader, `zk${leader}`], `member ${sid}`);
    const { myid, voting, zabstate, zab_epoch, is_leader: leads } = json(view, 'zabstate');
    assert.equal(
      [myid, voting, zabstate, zab_epoch, leads],
      [sid, sid !== 3, 'broadcast', 1, sid === leader],
      `member ${sid}`,
    );
  }
  const { synced_observers, observers } = json(ensemble.server(leader).view, 'observers');
  assert.equal([synced_observers, (observers as Json[]).map(({ sid }) => sid)], [1, [3]]);
});

/** The states that members pass through until `done`, as zabstate and `mntr` report them. */
function statesUntil(ensemble: MemoryEnsemble, sids: readonly number[], done: () => boolean): string[][] {
  const passed = sids.map((): string[] => []);
  ensemble.wait(() => {
    for (const [at, sid] of sids.entries()) {
      const { view } = ensemble.server(sid);
      const now = view.peer!.peerState;
      if (passed[at]!.at(-1) === now) continue;
      passed[at]!.push(now);
      const mntr = [...answerFourLetterWord('mntr', view)!].join('');
      const said = view.serving === null ? `${NOT_SERVING}\n` : `zk_peer_state\t${now}\n`;
      assert.ok(mntr.includes(said), now);
      assert.is(json(view, 'zabstate').zabstate, now.split(' - ')[1]);
    }
    return done();
  }, 'all to serve');
  return passed;
}

const phasesOf = (role: string) =>
  ['discovery', 'synchronization', 'broadcast'].map(phase => `${role} - ${phase}`);

test('zabstate and peer_state: each member passes through the four phases of Zab, at a start and after the end of a leader', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).boot();
  const allServe = (sids: readonly number[]) => sids.every(sid => ensemble.server(sid).view.serving !== null);
  const roleOf = (sid: number) =>
    sid === 4 ? 'observing' : sid === ensemble.leader ? 'leading' : 'following';
  const started = statesUntil(ensemble, ensemble.sids, () => allServe(ensemble.sids));
  assert.equal(
    started,
    ensemble.sids.map(sid => ['looking - election', ...phasesOf(roleOf(sid))]),
  );
  const first = ensemble.leader;
  ensemble.kill(first);
  const left = ensemble.sids.filter(sid => sid !== first);
  const again = statesUntil(ensemble, left, () => ensemble.leader > 0 && allServe(left));
  assert.equal(
    again,
    left.map((sid, at) => [
      started[ensemble.sids.indexOf(sid)]!.at(-1)!,
      'looking - election',
      ...phasesOf(roleOf(left[at]!)),
    ]),
  );
});
