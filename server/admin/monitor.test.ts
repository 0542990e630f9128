/** What `mntr` counts, after traffic whose numbers are known. */
import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble, OBSERVER_MASTER_PORT } from '../memory-ensemble.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';
import { type MonitorLine, monitorLines } from './monitor.ts';

const test = suite('admin: what mntr counts');

const WRITES = 5;
const OBSERVER = 4;

function valuesOf(ensemble: MemoryEnsemble, sid: number): Map<string, MonitorLine[1]> {
  return new Map(monitorLines(ensemble.server(sid).view));
}

/** One voter of each kind and an observer, and traffic of a client of the observer that reconnects to it. */
function busyEnsemble() {
  const settings = { observerMasterPort: OBSERVER_MASTER_PORT };
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1, settings }).start();
  const client = MemoryClient.open(ensemble, OBSERVER);
  for (let n = 0; n < WRITES; n++) client.create(`/n${n}`);
  client.get('/n0');
  client.raw.destroy();
  const { sessionId, password } = client.response!;
  MemoryClient.open(ensemble, OBSERVER, { sessionId, password });
  const last = ensemble.server(ensemble.leader).database.lastProcessedZxid;
  ensemble.wait(
    () => ensemble.sids.every(sid => ensemble.server(sid).database.lastProcessedZxid === last),
    'all to have applied it',
  );
  return { ensemble, follower: [1, 2, 3].find(sid => sid !== ensemble.leader)! };
}

/** The creation of the session is a transaction too. */
const TXNS = WRITES + 1;

test('a write is counted where it passes: proposed, committed, received, applied', () => {
  const { ensemble, follower } = busyEnsemble();
  const expected: [sid: number, counts: Record<string, number>][] = [
    [
      ensemble.leader,
      {
        proposal_count: TXNS,
        commit_count: TXNS,
        cnt_quorum_ack_latency: TXNS,
        cnt_propagation_latency: TXNS,
        learner_commit_received_count: 0,
        sum_sync_processor_batch_size: TXNS,
      },
    ],
    [
      follower,
      {
        proposal_count: 0,
        learner_proposal_received_count: TXNS,
        learner_commit_received_count: TXNS,
        cnt_proposal_latency: TXNS,
        cnt_commit_propagation_latency: TXNS,
        cnt_propagation_latency: TXNS,
      },
    ],
    [
      OBSERVER,
      {
        learner_proposal_received_count: 0,
        learner_commit_received_count: TXNS,
        cnt_proposal_latency: 0,
        cnt_commit_propagation_latency: TXNS,
        cnt_propagation_latency: TXNS,
        cnt_updatelatency: TXNS,
        cnt_readlatency: 1,
      },
    ],
  ];
  for (const [sid, counts] of expected) {
    const values = valuesOf(ensemble, sid);
    for (const [name, count] of Object.entries(counts))
      assert.is(values.get(name), count, `${name} of ${sid}`);
  }
});

test('a session that comes back is counted by its server, and by the master that was asked', () => {
  const { ensemble } = busyEnsemble();
  const total = (name: string) =>
    ensemble.sids.map(sid => Number(valuesOf(ensemble, sid).get(name))).reduce((sum, each) => sum + each, 0);
  assert.is(valuesOf(ensemble, OBSERVER).get('connection_revalidate_count'), 1);
  assert.is(total('connection_revalidate_count'), 1);
  assert.is(valuesOf(ensemble, OBSERVER).get('revalidate_count'), 0);
  assert.is(total('revalidate_count'), 2, 'of the observer master, then of the leader');
});

test('the time without service is counted once for each change of role, and on the leader also as its own', () => {
  const { ensemble } = busyEnsemble();
  const first = ensemble.leader;
  for (const sid of ensemble.sids) {
    const values = valuesOf(ensemble, sid);
    assert.is(values.get('cnt_unavailable_time'), 1, `member ${sid}`);
    assert.is(values.get('cnt_leader_unavailable_time'), sid === first ? 1 : 0, `member ${sid}`);
    assert.ok(Number(values.get('sum_unavailable_time')) > 0);
    assert.is(values.get('quorum_size'), 3);
  }
  ensemble.kill(first);
  ensemble.wait(() => ensemble.leader > 0, 'another leader');
  ensemble.wait(() => ensemble.server(OBSERVER).view.serving !== null, 'the observer to serve again');
  assert.is(valuesOf(ensemble, ensemble.leader).get('cnt_unavailable_time'), 2);
  assert.is(valuesOf(ensemble, ensemble.leader).get('cnt_leader_unavailable_time'), 1);
  assert.is(valuesOf(ensemble, OBSERVER).get('cnt_unavailable_time'), 2);
});

test('a sync counts among the reads, as upstream has it; a connection that never asks for a session is counted', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, settings: { 'nio.sessionlessCnxnTimeout': 500 } }).start();
  const client = MemoryClient.open(ensemble);
  client.create('/a');
  client.ask(OpCode.sync, body.path('/'));
  const silent = ensemble.dial(1, 2181);
  silent.untilClosed();
  const values = valuesOf(ensemble, 1);
  assert.is(values.get('cnt_updatelatency'), 2, 'the session, and the node');
  assert.is(values.get('cnt_readlatency'), 1);
  assert.is(values.get('sessionless_connections_expired'), 1);
  assert.is(values.get('cnt_startup_txns_loaded'), 0, 'there was nothing to load');
  assert.is(values.get('quorum_size'), undefined);
});

test('a member that has done nothing yet has the names already', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).boot(1);
  const values = valuesOf(ensemble, 1);
  for (const name of [
    'commit_count',
    'snap_count',
    'cnt_election_time',
    'max_readlatency',
    'stale_sessions_expired',
  ])
    assert.is(values.get(name), 0, name);
});

test('field report D6: words, hellos and events are counted; a client that is answered or closed by the server does not count as dropped', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const values = (): Map<string, MonitorLine[1]> => valuesOf(ensemble, 1);
  for (const word of ['srvr', 'ruok', 'isro', 'wchs', 'none']) {
    const raw = ensemble.dial(1, CLIENT_PORT);
    raw.write(Buffer.from(word));
    raw.untilClosed();
  }
  const after = values();
  assert.equal(
    ['packets_received', 'packets_sent', 'bytes_received_count', 'connection_drop_count'].map(name =>
      after.get(name),
    ),
    [4, 4, 16, 0],
    'a frame of another length is no packet',
  );

  const HELLO_BYTES = 49;
  const client = MemoryClient.open(ensemble);
  assert.equal(
    [values().get('packets_received'), values().get('bytes_received_count')],
    [5, 16 + HELLO_BYTES],
  );
  client.ping();
  client.create('/a');
  client.ask(OpCode.exists, body.read('/a', true));
  client.ask(OpCode.exists, body.read('/later', true));
  client.ask(OpCode.getChildren, body.read('/a', true));
  client.create('/later');
  client.ask(OpCode.setData, body.setData('/a', 'x'));
  client.create('/a/b');
  ensemble.time.advance(10);
  const EVENT_BYTES = 28;
  assert.equal(
    ['watch_bytes', 'min_client_response_size', 'max_client_response_size', 'last_client_response_size'].map(
      name => values().get(name),
    ),
    [3 * EVENT_BYTES + '/later/a/a'.length, 16, 84, 16 + 4 + '/a/b'.length],
  );
  for (const [event, count] of Object.entries({ created: 1, changed: 1, children: 1, deleted: 0 }))
    assert.is(values().get(`sum_node_${event}_watch_count`), count, event);
  assert.is(values().get('cnt_readlatency'), 4, 'three reads and the ping');

  const gone = MemoryClient.open(ensemble);
  gone.raw.finish();
  client.send(OpCode.closeSession);
  ensemble.wait(() => gone.raw.closed !== null && client.raw.closed !== null, 'both to be closed');
  assert.is(values().get('connection_drop_count'), 1);
});

test('srst starts all counters again, as upstream does', () => {
  const { ensemble } = busyEnsemble();
  const { view } = ensemble.server(OBSERVER);
  view.resetStats();
  const values = valuesOf(ensemble, OBSERVER);
  for (const name of [
    'cnt_updatelatency',
    'learner_commit_received_count',
    'packets_received',
    'watch_bytes',
  ])
    assert.is(values.get(name), 0, name);
});
