import type { ClientConnection } from '../clients/client-connection.ts';
import type { QuorumServer } from '../membership/quorum-server.ts';
import { Double } from '../metrics/double.ts';
import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Address } from '../runtime/runtime.ts';
import { atMost, PAUSE, type Pause } from '../turns/live.ts';
import { FULL_VERSION } from '../version.ts';
import { zxidToBareHex, zxidToHex } from '../wire/zxid.ts';
import { interestOps } from './connection-lines.ts';
import { JsonEntries, JsonList, type Json as JsonValue, jsonPieces } from './exact-json.ts';
import { learnerMaster, setLearnerMaster } from './learner-master.ts';
import { monitorLines } from './monitor.ts';
import { multipleAddresses } from './multiple-addresses.ts';
import type { ServerView } from './server-view.ts';
import { sessionBuckets } from './session-listing.ts';
import { type Listed, sessionsByWatchedPath, watchesBySession, watchSummary } from './watch-listing.ts';

/** The entries of an answer, in their order; some are made while it is written. */
type Json = Record<string, JsonValue> | Iterable<Entry | Pause>;
type Entry = readonly [key: string, value: JsonValue];

/** The reason that a command cannot be answered; it goes into `error`. */
class CommandError extends Error {}

type Query = Readonly<Record<string, string>>;

interface Command {
  readonly names: readonly [string, ...string[]];
  /** The command is answered even while the server does not serve. */
  readonly always?: true;
  run(view: ServerView, query: Query): Json;
}

/**
 * AdminServer's commands: first name, then the alias. Keys are upstream's snake_case. @see docs/operations.md
 * "AdminServer"
 */
const commands: readonly Command[] = [
  { names: ['ruok'], run: () => ({}) },
  { names: ['server_stats', 'srvr'], run: serverStats },
  {
    names: ['stats', 'stat'],
    *run(view) {
      yield* serverStats(view);
      yield ['connections', connectionList(view, briefConnection)];
      yield ['secure_connections', []];
    },
  },
  { names: ['monitor', 'mntr'], run: monitorLines },
  {
    names: ['connections', 'cons'],
    run: view => ({ connections: connectionList(view, fullConnection), secure_connections: [] }),
  },
  { names: ['configuration', 'conf', 'config'], run: configuration },
  { names: ['is_read_only', 'isro'], run: ({ serving }) => ({ read_only: serving?.isReadOnly === true }) },
  { names: ['leader', 'lead'], run: leader },
  { names: ['observers', 'obsr'], run: observers },
  // Upstream moves an observer by JMX alone.
  { names: ['get_learner_master', 'glms'], run: learnerMaster },
  {
    names: ['set_learner_master', 'slms'],
    run: (view, { learnerMaster: name }) => {
      const refusal = setLearnerMaster(view, name);
      if (refusal !== null) throw new CommandError(refusal);
      return learnerMaster(view);
    },
  },
  {
    names: ['watch_summary', 'wchs'],
    *run(view) {
      const { connections, paths, watches } = yield* watchSummary(view);
      yield ['num_connections', connections];
      yield ['num_paths', paths];
      yield ['num_total_watches', watches];
    },
  },
  {
    names: ['dirs'],
    *run(view) {
      yield ['datadir_size', yield* view.dataDirectoryBytes()];
      yield ['logdir_size', yield* view.logDirectoryBytes()];
    },
  },
  {
    names: ['hash'],
    run: view => ({
      digests: view.database.tree.digestLog.map(entry => ({
        zxid: entry.zxid,
        digest: entry.digest.toBigInt(),
        digest_version: 2,
      })),
    }),
  },
  { names: ['zabstate'], always: true, run: zabState },
  { names: ['dump'], run: dump },
  {
    names: ['watches', 'wchc'],
    run: view => ({ session_id_to_watched_paths: new JsonEntries(listing(watchesBySession(view))) }),
  },
  {
    names: ['watches_by_path', 'wchp'],
    run: view => ({ path_to_session_ids: new JsonEntries(listing(sessionsByWatchedPath(view))) }),
  },
  { names: ['environment', 'env', 'envi'], always: true, run: view => Object.fromEntries(view.environment) },
  { names: ['system_properties', 'sysp'], always: true, run: systemProperties },
  { names: ['get_trace_mask', 'gtmk'], always: true, run: view => ({ tracemask: view.traceMask }) },
  { names: ['set_trace_mask', 'stmk'], always: true, run: setTraceMask },
  { names: ['last_snapshot', 'lsnp'], run: lastSnapshot },
  {
    names: ['voting_view'],
    run: view => ({ current_config: votingView(view) }),
  },
  {
    names: ['initial_configuration', 'icfg'],
    run: view => ({ initial_configuration: view.config.text }),
  },
  {
    names: ['connection_stat_reset', 'crst'],
    run: view => view.resetConnections(),
  },
  {
    names: ['observer_connection_stat_reset', 'orst'],
    run: view => {
      for (const learner of view.learners) if (learner.isObserver) learner.traffic.reset();
      return {};
    },
  },
  {
    names: ['stat_reset', 'srst'],
    run: view => {
      view.resetStats();
      return {};
    },
  },
];

const byName = new Map(commands.flatMap(command => command.names.map(name => [name, command] as const)));

export function commandNames(): string[] {
  return commands.map(command => command.names[0]).sort();
}

/**
 * The answer in small pieces, of which an empty one is a pause. An error stands in `error`, and the HTTP
 * status is still 200, as with upstream's 3.8. Seen on 3.8.0.
 */
export function* commandPieces(name: string, view: ServerView, query: Query = {}): Generator<string> {
  const command = byName.get(name);
  if (command === undefined) {
    yield* jsonPieces({ command: name, error: `Unknown command: ${name}` });
    return;
  }
  const primary = command.names[0];
  if (!command.always && view.active === null) {
    const error = 'This ZooKeeper instance is not currently serving requests';
    yield* jsonPieces({ command: primary, error });
    return;
  }
  try {
    const body = command.run(view, query);
    yield* jsonPieces(new JsonEntries(ended(body, primary)));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    yield* jsonPieces({ error: error.message, command: primary });
  }
}

function* ended(body: Json, command: string): Generator<Entry | Pause> {
  yield* Symbol.iterator in body ? body : Object.entries(body);
  yield ['command', command];
  yield ['error', null];
}

function* serverStats(view: ServerView): Generator<Entry | Pause> {
  const { stats, active } = view;
  const sizes = stats.responseSizes;
  const proposals = view.leader === null ? undefined : view.leaderServer?.proposalSizes;
  yield ['version', FULL_VERSION];
  yield ['read_only', view.serving?.isReadOnly === true];
  const dataBytes = yield* view.dataDirectoryBytes();
  const logBytes = yield* view.logDirectoryBytes();
  yield [
    'server_stats',
    {
      packets_sent: stats.packetsSent,
      packets_received: stats.packetsReceived,
      fsync_threshold_exceed_count: view.metrics.counter('fsync_threshold_exceed_count').value,
      client_response_stats: responseStats(sizes),
      provider_null: false,
      server_state: active?.mode ?? 'looking',
      outstanding_requests: active?.outstanding ?? 0,
      min_latency: Math.round(stats.latencyMinMs),
      avg_latency: new Double(stats.latencyAvgMs),
      max_latency: Math.round(stats.latencyMaxMs),
      data_dir_size: dataBytes,
      log_dir_size: logBytes,
      last_processed_zxid: view.database.lastProcessedZxid,
      num_alive_client_connections: view.port?.connectionCount ?? 0,
      uptime: Math.round(view.clock.monotonicMs() - view.startedMs),
      auth_failed_count: view.metrics.counter('auth_failed_count').value,
      non_mtlsremote_conn_count: 0,
      non_mtlslocal_conn_count: 0,
    },
  ];
  yield ['client_response', responseStats(sizes)];
  if (proposals !== undefined) yield ['proposal_stats', responseStats(proposals)];
  yield ['node_count', view.database.tree.nodeCount];
}

function responseStats(sizes: { last: number; min: number; max: number } | undefined): JsonValue {
  return {
    last_buffer_size: sizes?.last ?? -1,
    min_buffer_size: sizes?.min ?? -1,
    max_buffer_size: sizes?.max ?? -1,
  };
}

function connectionList(
  view: ServerView,
  shown: (connection: ClientConnection, view: ServerView) => JsonValue,
): JsonList {
  return new JsonList(mapped(view.connections(), connection => shown(connection, view)));
}

function* mapped<T, U>(items: Iterable<T>, change: (item: T) => U): Generator<U> {
  for (const item of items) yield change(item);
}

function* listing<K extends string | bigint, V extends string | bigint>(
  listed: Iterable<Listed<K, V> | Pause>,
): Generator<Entry | Pause> {
  for (const each of listed) yield each === PAUSE ? PAUSE : [String(each[0]), new JsonList(each[1])];
}

function briefConnection(connection: ClientConnection) {
  const { remote, outstanding, stats } = connection;
  return {
    remote_socket_address: remote,
    interest_ops: interestOps(connection),
    outstanding_requests: outstanding,
    packets_received: stats.packetsReceived,
    packets_sent: stats.packetsSent,
  };
}

function fullConnection(connection: ClientConnection, view: ServerView): JsonValue {
  const { sessionId, timeoutMs, stats } = connection;
  return {
    ...briefConnection(connection),
    session_id: sessionId,
    last_operation: stats.lastOperation,
    established: stats.openedWallMs,
    session_timeout: connection.hasSession ? timeoutMs : view.config.sessionlessTimeoutMs,
    last_cxid: stats.lastCxid,
    last_zxid: stats.lastZxid,
    last_response_time: Math.round(stats.lastResponseMs),
    last_latency: Math.round(stats.lastLatencyMs),
    min_latency: Math.round(stats.latencyMinMs),
    avg_latency: Math.round(stats.latencyAvgMs),
    max_latency: Math.round(stats.latencyMaxMs),
  };
}

function leader(view: ServerView): Json {
  if (view.peer === null) throw new CommandError('server is not initialized');
  return { is_leader: view.leader !== null, leader_id: leaderId(view), leader_ip: leaderIp(view) };
}

/** The settings that upstream takes from Java's system properties stand in the configuration here. */
function systemProperties({ environment }: ServerView): Json {
  const isProperty = (name: string) => /^(java|os|user)\./.test(name) && !name.startsWith('os.memory.');
  return Object.fromEntries([...environment].filter(([name]) => isProperty(name)));
}

function setTraceMask(view: ServerView, { traceMask }: Readonly<Record<string, string>>): Json {
  const needed = 'setTraceMask requires long traceMask argument';
  if (traceMask === undefined) throw new CommandError(needed);
  if (!/^-?\d{1,19}$/.test(traceMask) || BigInt.asIntN(64, BigInt(traceMask)) !== BigInt(traceMask))
    throw new CommandError(`${needed}, got ${traceMask}`);
  view.traceMask = BigInt(traceMask);
  return { tracemask: view.traceMask };
}

function* lastSnapshot(view: ServerView): Generator<Entry | Pause> {
  const snapshot = yield* view.lastSnapshot();
  yield ['zxid', snapshot === undefined ? '-1' : zxidToBareHex(snapshot.zxid)];
  yield ['timestamp', snapshot === undefined ? -1 : Math.floor(snapshot.writtenMs / 1000)];
}

function configuration({ clientAddress, config, database }: ServerView): Json {
  return {
    client_port: clientAddress?.port ?? -1,
    data_dir: database.snapDirectory,
    data_log_dir: database.logDirectory,
    tick_time: config.tickTimeMs,
    max_client_cnxns: config.maxClientCnxns,
    min_session_timeout: config.minSessionTimeoutMs,
    max_session_timeout: config.maxSessionTimeoutMs,
    server_id: config.quorum?.sid ?? 0,
    client_port_listen_backlog: config.clientPortListenBacklog,
  };
}

/** The leader as elections know it: upstream shows an observer's master here instead, as seen on 3.8.0.
 * @see docs/quorum.md "Observer masters" */
function leaderId(view: ServerView): number | null {
  return view.peer?.leaderSid ?? null;
}

function leaderIp(view: ServerView): string | null {
  const sid = leaderId(view);
  return sid === null ? null : (view.servers.get(sid)?.addresses[0].host ?? null);
}

function observers(view: ServerView): Json {
  const all = view.learners.filter(learner => learner.isObserver);
  return {
    synced_observers: all.filter(learner => learner.synced).length,
    observers: all.map(learner => ({
      remote_socket_address: `/${learner.remote}`,
      sid: learner.sid,
      established: Math.round(view.clock.wallMs() - view.clock.monotonicMs() + learner.establishedMs),
      queued_packets: learner.packetsQueued,
      queued_packets_size: learner.bytesQueued,
      packets_received: learner.traffic.packetsReceived,
      packets_sent: learner.traffic.packetsSent,
      requests: learner.traffic.requests,
      last_zxid: learner.traffic.lastZxid,
    })),
  };
}

function dump(view: ServerView): Json {
  const { sessionsWithEphemerals } = view.database.tree;
  return {
    expiry_time_to_session_ids: new JsonEntries(
      mapped(sessionBuckets(view.leaderServer?.tracker), ([expiryMs, sessions]) => [
        String(Math.round(expiryMs)),
        new JsonList(mapped(atMost(sessions.size, sessions), ({ id }) => id)),
      ]),
    ),
    session_id_to_ephemeral_paths: new JsonEntries(
      mapped(atMost(sessionsWithEphemerals.size, sessionsWithEphemerals), ([owner, nodes]) => [
        String(owner),
        new JsonList(atMost(nodes.size, nodes.keys())),
      ]),
    ),
  };
}

function votingView({ clientAddress, config, servers }: ServerView): JsonValue {
  const voters = [...servers.values()].filter(({ role }) => role !== 'observer');
  // A server knows a clientPort from zoo.cfg only of itself.
  const clientOf = ({ sid, client }: QuorumServer) =>
    client ?? (sid === config.quorum?.sid ? clientAddress : undefined);
  const textOf = (address: Address | undefined) => (address === undefined ? '' : formatAddress(address));
  return Object.fromEntries(
    voters.map(server => [
      server.sid,
      {
        server_addresses: addresses(server, 'quorumPort').map(formatAddress),
        election_addresses: addresses(server, 'electionPort').map(formatAddress),
        client_address: textOf(clientOf(server)),
        learner_type: 'participant',
      },
    ]),
  );
}

function addresses(server: QuorumServer, port: 'quorumPort' | 'electionPort'): Address[] {
  return server.addresses.map(each => ({ host: each.host, port: each[port] }));
}

function zabState(view: ServerView): Json {
  const { peer, clientAddress, ownServer: own } = view;
  if (peer === null) return { voting: false, zabstate: '' };
  const zxid = view.database.lastProcessedZxid;
  return {
    myid: peer.sid,
    is_leader: view.leader !== null,
    quorum_address: own === undefined ? null : multipleAddresses(addresses(own, 'quorumPort')),
    election_address: own === undefined ? null : multipleAddresses(addresses(own, 'electionPort')),
    client_address: clientAddress === undefined ? null : formatAddress(clientAddress),
    voting: own?.role === 'participant',
    last_zxid: zxidToHex(zxid),
    zab_epoch: Math.floor(zxid / 0x1_0000_0000),
    zab_counter: zxid % 0x1_0000_0000,
    zabstate: peer.zabState,
  };
}
