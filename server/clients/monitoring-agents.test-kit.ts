/**
 * How monitoring agents, probes and scripts read our answers: the patterns and the order of steps of each, in
 * our own words. `reads` gives what the agent would report and throws where it drops the whole answer.
 */
import { assert } from '#test';

export type Reported = ReadonlyMap<string, string | number>;

export interface Agent {
  /** Project, and the file that the pattern was read in. */
  readonly name: string;
  readonly word: string;
  /** What it sends behind the word. */
  readonly ending?: string;
  readonly reads: (answer: string) => Reported;
  /** What it must find in the answer of a server that serves. */
  readonly needs: readonly string[];
  /** And what in the answer of a leader. */
  readonly needsOfLeader?: readonly string[];
}

const BASIC = [
  'avg_latency',
  'max_latency',
  'min_latency',
  'packets_received',
  'packets_sent',
  'num_alive_connections',
  'outstanding_requests',
  'znode_count',
  'watch_count',
  'ephemerals_count',
  'approximate_data_size',
  'open_file_descriptor_count',
  'max_file_descriptor_count',
];
const OF_LEADER = ['synced_followers', 'pending_syncs'];

const prefixed = (names: readonly string[]): string[] => names.map(name => `zk_${name}`);

/** Lines without the newline of the last. */
function linesOf(answer: string): string[] {
  const lines = answer.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function take(pattern: RegExp, text: string, what: string): string[] {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`${what}: nothing in ${JSON.stringify(text)} matches ${pattern}`);
  return found.slice(1).map(group => group ?? '');
}

function integer(text: string, what: string): number {
  if (!/^[-+]?\d+$/.test(text)) throw new Error(`${what}: ${JSON.stringify(text)} is no integer`);
  return Number(text);
}

function decimal(text: string, what: string): number {
  if (!/^[-+]?\d+(\.\d+)?$/.test(text)) throw new Error(`${what}: ${JSON.stringify(text)} is no number`);
  return Number(text);
}

/** "a<separator>b" of each line. */
function pairs(lines: readonly string[], split: (line: string) => readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (const line of lines) {
    const [key, value] = split(line);
    if (key !== undefined && value !== undefined) map.set(key, value);
  }
  return map;
}

const readsMetricbeatServer = (answer: string): Reported => {
  const [first, ...lines] = linesOf(answer);
  const reported = new Map<string, string | number>();
  reported.set('version', take(/:\s(.*),/, first ?? '', 'version')[0]!);
  reported.set('built', take(/built on (.*)/, first ?? '', 'date')[0]!);
  for (const line of lines) {
    if (line.includes('Zxid')) {
      const zxid = line.split(' ')[1] ?? '';
      assert.ok(zxid.length >= 3, 'at least one digit behind 0x');
      reported.set('zxid', Number.parseInt(zxid.slice(2), 16));
    } else if (line.includes('Proposal sizes')) {
      const sizes = (line.split(' ')[3] ?? '').split('/').map(size => integer(size, 'proposal size'));
      assert.is(sizes.length, 3);
      reported.set('last_proposal_size', sizes[0]!);
    } else if (line.includes('Mode')) {
      reported.set('mode', line.split(' ')[1] ?? '');
    } else {
      const field = /^([a-zA-Z\s]+):\s(\d+)/.exec(line);
      if (field !== null) reported.set(field[1]!.toLowerCase().replaceAll(' ', '_'), Number(field[2]));
    }
  }
  return reported;
};

/** The lines of `stat` one by one, in the order that the check relies on. */
const readsDatadogStat = (answer: string): Reported => {
  const lines = linesOf(answer);
  const reported = new Map<string, string | number>();
  reported.set('version', take(/(\d+\.\d+\.\d+)/, lines.shift() ?? '', 'version')[0]!);
  assert.is(lines.shift(), 'Clients:');
  let connections = 0;
  while ((lines.shift() ?? '').trim() !== '') connections++;
  reported.set('clients', connections);
  const next = (name: string): string => {
    const [label, value, ...more] = (lines.shift() ?? '').split(':');
    assert.equal([label, more.length], [name, 0]);
    return (value ?? '').trim();
  };
  const latencies = next('Latency min/avg/max').split('/');
  reported.set('latency.min', integer(latencies[0]!, 'min'));
  reported.set('latency.avg', decimal(latencies[1]!, 'avg'));
  reported.set('latency.max', integer(latencies[2]!, 'max'));
  for (const name of ['Received', 'Sent', 'Connections', 'Outstanding'])
    reported.set(name, integer(next(name), name));
  const zxid = next('Zxid');
  assert.match(zxid, /^0x[0-9a-f]+$/);
  reported.set('zxid', Number(zxid));
  reported.set('mode', next('Mode').toLowerCase());
  reported.set('Node count', integer(next('Node count'), 'Node count'));
  return reported;
};

/** Clients, a blank line, and then "name: value" to the end; anything else makes the server unavailable. */
const readsZktop = (answer: string): Reported => {
  const [first = '', , ...lines] = linesOf(answer);
  const reported = new Map<string, string>([
    ['version', take(/.*: (\d+\.\d+\.\d+)-.*/, first, 'version')[0]!],
  ]);
  const blank = lines.findIndex(line => line.trim() === '');
  for (const line of lines.slice(0, blank)) {
    const [, , , fields = ''] = take(/\/([\w:.]+):(\d+)\[(\d+)\]\((.*)\)/, line.trim(), 'client');
    for (const field of fields.split(',')) assert.is(field.split('=').length, 2, field);
  }
  for (const line of lines.slice(blank + 1)) {
    const [name = '', value = '', ...more] = line.split(':');
    assert.equal(more, [], line);
    reported.set(name.trim().replace(/[ /]/g, '_').toLowerCase(), value.trim());
  }
  return reported;
};

/**
 * One bad line loses all of it, and the type of a field must be the same in each answer: the database behind
 * refuses another.
 */
const readsTelegraf = (answer: string): Reported => {
  const reported = new Map<string, string | number>();
  for (const line of linesOf(answer)) {
    const [name, value] = take(/^zk_(\w[\w.-]*)\s+([\w.-]+)/, line, 'mntr') as [string, string];
    const isInteger = /^-?\d+$/.test(value);
    if (/^-?\d+(\.\d+)?$/.test(value))
      assert.is(isInteger, !isFraction(name), `the type of ${name} = ${value}`);
    reported.set(name, isInteger ? Number(value) : value);
  }
  return reported;
};

/** What upstream holds as a double. */
function isFraction(name: string): boolean {
  return name.startsWith('avg_') || name === 'connection_drop_probability';
}

const readsWords =
  (bytesRead: number) =>
  (answer: string): Reported => {
    const lines = answer.slice(0, bytesRead).split(/[\r\n]+/);
    const found = pairs(lines, line => line.split(/\s+/).filter(part => part !== ''));
    return new Map(
      [...found].map(([key, value]) => [key, /^-?\d/.test(value) ? Number.parseFloat(value) : value]),
    );
  };

const readsHariSekhon = (answer: string): Reported => {
  const reported = new Map<string, string | number>();
  for (const name of prefixed(BASIC)) {
    const [value] = take(new RegExp(`^\\s*${name}\\s+(.+?)\\s*$`, 'm'), answer, name) as [string];
    reported.set(name, name === 'zk_avg_latency' ? decimal(value, name) : integer(value, name));
  }
  return reported;
};

const readsSolr = (answer: string): Reported => {
  const lines = linesOf(answer);
  for (const line of lines) assert.ok(line.split('\t').length >= 2, `unexpected line: ${line}`);
  return pairs(lines, line => line.split('\t'));
};

const readsSolrConf = (answer: string): Reported => {
  const lines = linesOf(answer).filter(line => !line.startsWith('membership:'));
  for (const line of lines) assert.ok(line.split('=').length >= 2, `unexpected line: ${line}`);
  return pairs(lines, line => line.split('='));
};

const readsMetricbeatConnection = (answer: string): Reported => {
  const pattern = /\/(.*):(\d+)\[(\d*)]\(queued=(\d*),recved=(\d*),sent=(\d*)/;
  const lines = linesOf(answer).filter(line => line !== '');
  for (const line of lines) for (const value of take(pattern, line, 'cons').slice(1)) integer(value, 'cons');
  return new Map([['connections', lines.length]]);
};

const readsWatchSummary = (answer: string): Reported => {
  const [connections, paths] = take(/(\d+) connections watching (\d+) paths/i, answer, 'wchs');
  const [watches] = take(/Total watches:\s*(\d+)/i, answer, 'wchs');
  return new Map([
    ['connections', Number(connections)],
    ['paths', Number(paths)],
    ['total_watches', Number(watches)],
  ]);
};

const readsWhole =
  (expected: string, key: string) =>
  (answer: string): Reported => {
    assert.is(answer, expected);
    return new Map([[key, answer]]);
  };

const readsLine =
  (pattern: RegExp, key: string) =>
  (answer: string): Reported =>
    new Map([[key, take(pattern, answer, key)[0]!]]);

export const AGENTS: readonly Agent[] = [
  {
    name: 'Metricbeat, metricbeat/module/zookeeper/server/data.go',
    word: 'srvr',
    reads: readsMetricbeatServer,
    needs: [
      'version',
      'built',
      'received',
      'sent',
      'connections',
      'outstanding',
      'node_count',
      'zxid',
      'mode',
    ],
    needsOfLeader: ['last_proposal_size'],
  },
  {
    name: 'Metricbeat, metricbeat/module/zookeeper/mntr/data.go',
    word: 'mntr',
    reads: answer => pairs(linesOf(answer), line => take(/([^\s]+)\s+(.*$)/, line, 'mntr')),
    needs: ['zk_version', 'zk_server_state', ...prefixed(BASIC)],
    needsOfLeader: prefixed(OF_LEADER),
  },
  {
    name: 'Metricbeat, metricbeat/module/zookeeper/connection/data.go',
    word: 'cons',
    reads: readsMetricbeatConnection,
    needs: ['connections'],
  },
  {
    name: 'Datadog, integrations-core/zk/datadog_checks/zk/zk.py (stat)',
    word: 'stat',
    reads: readsDatadogStat,
    needs: ['version', 'latency.avg', 'Received', 'Connections', 'zxid', 'mode', 'Node count'],
  },
  {
    name: 'Datadog, integrations-core/zk/datadog_checks/zk/zk.py (mntr)',
    word: 'mntr',
    reads: readsWords(Number.POSITIVE_INFINITY),
    needs: ['zk_server_state', ...prefixed(BASIC)],
  },
  {
    name: 'Telegraf, plugins/inputs/zookeeper/zookeeper.go',
    word: 'mntr',
    ending: '\n',
    reads: readsTelegraf,
    needs: ['version', 'server_state', ...BASIC],
    needsOfLeader: OF_LEADER,
  },
  {
    name: 'OpenTelemetry Collector, receiver/zookeeperreceiver/scraper.go',
    word: 'mntr',
    ending: '\n',
    reads: answer => pairs(linesOf(answer), line => take(/(^zk_\w+)\s+([\w.-]+)/, line, 'mntr')),
    needs: ['zk_version', 'zk_server_state', ...prefixed(BASIC)],
    needsOfLeader: prefixed(OF_LEADER),
  },
  {
    name: 'Prometheus, dabealu/zookeeper-exporter/main.go',
    word: 'mntr',
    reads: answer => pairs(linesOf(answer), line => line.replaceAll('\t', ' ').split(' ').slice(0, 2)),
    needs: ['zk_version', 'zk_server_state', ...prefixed(BASIC)],
  },
  {
    name: 'Prometheus, carlpett/zookeeper_exporter/zookeeper.go: one line that is no pair, and the server is down',
    word: 'mntr',
    reads: answer =>
      pairs(linesOf(answer), line => {
        const pair = line.split('\t');
        assert.is(pair.length, 2, line);
        return pair;
      }),
    needs: ['zk_server_state', ...prefixed(BASIC)],
    needsOfLeader: prefixed(OF_LEADER),
  },
  {
    name: 'collectd, src/zookeeper.c: 4,096 bytes are read, and no more',
    word: 'mntr',
    ending: '\r\n',
    reads: readsWords(4096),
    needs: prefixed(BASIC.filter(name => !name.endsWith('_file_descriptor_count'))),
    needsOfLeader: prefixed(OF_LEADER),
  },
  {
    name: 'Apache, zookeeper-contrib-monitoring/check_zookeeper.py and ganglia: 2,048 bytes are read, and no more',
    word: 'mntr',
    reads: readsWords(2048),
    needs: ['zk_version', 'zk_server_state', ...prefixed(BASIC)],
  },
  {
    name: 'netdata, go.d/collector/zookeeper/collect.go',
    word: 'mntr',
    reads: readsWords(Number.POSITIVE_INFINITY),
    needs: prefixed([
      ...BASIC,
      'auth_failed_count',
      'connection_drop_count',
      'connection_rejected',
      'uptime',
    ]),
  },
  {
    name: 'New Relic, nri-zookeeper/src/metrics.go',
    word: 'mntr',
    reads: readsWords(Number.POSITIVE_INFINITY),
    needs: prefixed(BASIC),
    needsOfLeader: prefixed(OF_LEADER),
  },
  {
    name: 'Sensu, sensu-plugins-zookeeper/bin/metrics-zookeeper.rb',
    word: 'mntr',
    ending: '\r\n',
    reads: answer => {
      const found = [...answer.matchAll(/^(zk_\w+)\s*(\d+)$/gm)].map(
        ([, key, value]) => [key!, Number(value)] as const,
      );
      return new Map(found);
    },
    needs: prefixed(BASIC.filter(name => name !== 'avg_latency')),
    needsOfLeader: prefixed(OF_LEADER),
  },
  {
    name: 'Sensu, sensu-plugins-zookeeper/bin/check-zookeeper-mode.rb',
    word: 'stat',
    ending: '\r\n',
    reads: answer => pairs(linesOf(answer), line => line.split(': ')),
    needs: ['Mode'],
  },
  {
    name: 'Nagios, HariSekhon/Nagios-Plugins/check_zookeeper.pl (mntr)',
    word: 'mntr',
    reads: readsHariSekhon,
    needs: prefixed(BASIC),
  },
  {
    name: 'Nagios, HariSekhon/Nagios-Plugins/check_zookeeper.pl (wchs)',
    word: 'wchs',
    reads: readsWatchSummary,
    needs: ['connections', 'paths', 'total_watches'],
  },
  {
    name: 'Nagios, HariSekhon/Nagios-Plugins/check_zookeeper.pl (isro)',
    word: 'isro',
    reads: readsWhole('rw', 'isro'),
    needs: ['isro'],
  },
  {
    name: 'Solr, handler/admin/ZookeeperStatusHandler.java (mntr)',
    word: 'mntr',
    ending: '\n',
    reads: readsSolr,
    needs: ['zk_server_state'],
    needsOfLeader: ['zk_synced_followers'],
  },
  {
    name: 'Solr, handler/admin/ZookeeperStatusHandler.java (conf)',
    word: 'conf',
    ending: '\n',
    reads: readsSolrConf,
    needs: ['clientPort', 'dataDir', 'tickTime', 'serverId'],
  },
  {
    name: 'Kubernetes probes (pravega/zookeeper-operator zookeeperReady.sh, Bitnami): the answer is imok and nothing else',
    word: 'ruok',
    ending: '\n',
    reads: readsWhole('imok', 'ruok'),
    needs: ['ruok'],
  },
  {
    name: 'zktop, phunt/zktop/zktop.py',
    word: 'stat',
    ending: '\n',
    reads: readsZktop,
    needs: ['version', 'mode', 'latency_min_avg_max', 'received', 'outstanding', 'zxid', 'node_count'],
  },
  {
    name: 'Apache, bin/zkServer.sh status',
    word: 'srvr',
    reads: readsLine(/^.*(Mode.*)$/m, 'status'),
    needs: ['status'],
  },
  {
    name: 'version probes: the digits, and what stands between the dash and the comma',
    word: 'srvr',
    reads: answer => {
      const [version, revision] = take(
        /^Zookeeper version: (\d+(?:\.\d+)+)-([^,]+), built on/m,
        answer,
        'version',
      );
      return new Map([
        ['version', version!],
        ['revision', revision!],
      ]);
    },
    needs: ['version', 'revision'],
  },
];
