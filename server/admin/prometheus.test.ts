/** What Prometheus scrapes, compared by names and types with the provider of Apache 3.9.3. */
import { assert, suite } from '#test';
import { MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { keptWarnings } from '../runtime/logging/warnings.test-kit.ts';
import type { HttpHost, HttpResponse } from '../runtime/runtime.ts';
import { AnswerPump } from '../turns/answer-pump.ts';
import { TurnQueue } from '../turns/turn-queue.ts';
import { answerMetrics, startMetricsPort } from './metrics-port.ts';
import { prometheusLines } from './prometheus.ts';
import type { ServerView } from './server-view.ts';

const test = suite('admin: Prometheus');

const PROVIDER = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider';
const settings = { 'metricsProvider.className': PROVIDER, 'metricsProvider.httpPort': '7070' };

interface Family {
  readonly type: string;
  /** Values by the whole name of the sample. */
  readonly samples: ReadonlyMap<string, number>;
}

const FAMILY = /# HELP (\S+) (\S+)\n# TYPE (\S+) (gauge|counter|summary)\n((?:[a-z_0-9]+ \S+\n)+)/gy;

/** Parses a scrape strictly, because Prometheus takes all of it or nothing. */
function scrape(view: ServerView): Map<string, Family> {
  const text = [...prometheusLines(view)].join('');
  const families = new Map<string, Family>();
  let end = 0;
  for (const [whole, name, help, typed, type, samples] of text.matchAll(FAMILY)) {
    assert.equal([help, typed], [name, name]);
    assert.not.ok(families.has(name!), `${name} is there twice`);
    const values = samples!
      .trim()
      .split('\n')
      .map(line => line.split(' ') as [string, string]);
    for (const [sample, value] of values) {
      assert.ok(sample.startsWith(name!), sample);
      assert.match(value, /^-?\d+\.\d+(e[+-]\d+)?$/);
    }
    families.set(name!, {
      type: type!,
      samples: new Map(values.map(([sample, value]) => [sample, Number(value)])),
    });
    end += whole.length;
  }
  assert.is(end, text.length, `this fits no family: ${text.slice(end, end + 200)}`);
  return families;
}

/** The metrics that the panels and alerts of upstream's users ask for, with upstream's types. */
const DASHBOARD = {
  gauge:
    'znode_count watch_count ephemerals_count approximate_data_size num_alive_connections outstanding_requests ' +
    'global_sessions avg_latency min_latency max_latency packets_received packets_sent ' +
    'open_file_descriptor_count max_file_descriptor_count uptime',
  counter:
    'connection_request_count connection_drop_count response_bytes watch_bytes bytes_received_count ' +
    'commit_count snap_count diff_count looking_count',
  summary:
    'readlatency updatelatency fsynctime snapshottime dbinittime election_time node_changed_watch_count',
};
const OF_LEADER =
  'quorum_size synced_followers synced_observers learners pending_syncs leader_uptime last_proposal_size';

test('field report D1: every role answers in the format, with the names and types that dashboards ask for', () => {
  const alone = new MemoryEnsemble({ voters: 0 }).start();
  const ensemble = new MemoryEnsemble({ voters: 2, observers: 1 }).start();
  const views = [alone.server(1).view, ...ensemble.sids.map(sid => ensemble.server(sid).view)];
  for (const view of views) {
    const families = scrape(view);
    for (const [type, names] of Object.entries(DASHBOARD))
      for (const name of names.split(' ')) assert.is(families.get(name)?.type, type, name);
    const isLeader = view.leader !== null;
    for (const name of OF_LEADER.split(' ')) if (isLeader) assert.is(families.get(name)?.type, 'gauge', name);
    assert.is(families.has('synced_followers'), isLeader);
  }
});

test('values are those of mntr, and a summary has its count and sum', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const { view } = ensemble.server(1);
  const client = MemoryClient.open(ensemble);
  client.create('/a');
  client.get('/a');
  const families = scrape(view);
  const value = (family: string, sample = family) => families.get(family)?.samples.get(sample);
  assert.is(value('znode_count'), view.database.tree.nodeCount);
  assert.is(value('global_sessions'), 1);
  assert.is(value('readlatency', 'readlatency_count'), view.metrics.summary('readlatency').count);
  assert.ok(Number(value('readlatency', 'readlatency_count')) > 0);
  assert.is(value('fsynctime', 'fsynctime_sum'), view.metrics.summary('fsynctime').sum);
});

test('a member without a leader shows its counters, and no gauges of a server', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).boot(1);
  ensemble.time.advance(500);
  const families = scrape(ensemble.server(1).view);
  assert.is(families.get('looking_count')?.type, 'counter');
  assert.is([...families.values()].filter(({ type }) => type === 'gauge').length, 0);
});

test('a name or a value that the format does not allow does not lose the scrape', () => {
  const { view } = new MemoryEnsemble({ voters: 0 }).start().server(1);
  view.metrics.gauge('odd name-1', () => Number.NEGATIVE_INFINITY);
  view.metrics.gauge('a_text', () => 'looking');
  view.metrics.gauge('broken', () => {
    throw new Error('no value');
  });
  const text = [...prometheusLines(view)].join('');
  assert.match(text, /\nodd_name_1 -Inf\n/);
  assert.not.match(text, /a_text|broken/);
});

function port(view: ServerView) {
  const { clock, guard } = view;
  const answers = new AnswerPump({ turns: new TurnQueue(clock), clock, guard });
  return async (path: string, method = 'GET'): Promise<HttpResponse> =>
    answerMetrics({ method, path, query: {}, headers: {}, body: Buffer.alloc(0) }, { view, answers });
}

test('metrics are at /metrics alone, and a HEAD gets their headers', async () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const ask = port(ensemble.server(1).view);
  const answered = ask('/metrics');
  ensemble.time.advance(100);
  const { status, contentType } = await answered;
  assert.equal([status, contentType], [200, 'text/plain; version=0.0.4; charset=utf-8']);
  const head = ask('/metrics', 'HEAD');
  ensemble.time.advance(100);
  assert.ok(Number((await head).headers?.['content-length']) > 5_000);
  for (const path of ['/', '/metrics/', '/commands/monitor']) assert.is((await ask(path)).status, 404, path);
  assert.is((await ask('/metrics', 'DELETE')).status, 405);
});

test('field report D1: the port is open only if the configuration names the provider', () => {
  const listens = (plan: Record<string, string>) => {
    const ensemble = new MemoryEnsemble({ voters: 0, settings: plan }).start();
    ensemble.time.advance(10);
    try {
      void ensemble.machine(1).runtime!.http.request(7070, { path: '/metrics' });
      return true;
    } catch (error) {
      assert.match((error as Error).message, /ECONNREFUSED/);
      return false;
    }
  };
  assert.is(listens(settings), true);
  assert.is(listens({}), false);
  assert.is(listens({ 'metricsProvider.httpPort': '7070' }), false);
  assert.is(listens({ ...settings, 'metricsProvider.className': 'com.example.Metrics' }), false);
});

test('a metrics port that is taken is a warning', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, settings }).start();
  const { view } = ensemble.server(1);
  const { clock, guard } = view;
  const answers = new AnswerPump({ turns: new TurnQueue(clock), clock, guard });
  const taken: HttpHost = {
    listen(_address, _handler, onReady) {
      onReady(new Error('EADDRINUSE'), 0);
      return { close() {} };
    },
  };
  const { logger, warnings } = keptWarnings();
  startMetricsPort(taken, { view, answers }, view.config, logger);
  assert.equal(warnings, ['the metrics port cannot listen on 0.0.0.0:7070: EADDRINUSE']);
});
