import { startAdminServer } from './admin/admin-server.ts';
import { answerFourLetterWord } from './admin/four-letter-words.ts';
import { startMetricsPort } from './admin/metrics-port.ts';
import { ServerView } from './admin/server-view.ts';
import { AclDecisions } from './auth/acl-decisions.ts';
import type { AuthenticationProvider } from './auth/authentication-provider.ts';
import { providersOf } from './auth/provider-registry.ts';
import { ClientPort } from './clients/client-port.ts';
import { ClientPortMoves } from './clients/client-port-moves.ts';
import type { ServerConfig } from './config/server-config.ts';
import type { ServerError } from './errors.ts';
import { LeaderZooKeeperServer } from './master/leader/leader-zookeeper-server.ts';
import { noBroadcast } from './master/proposals/broadcast.ts';
import { JointQuorum } from './membership/joint-quorum.ts';
import { QuorumMaj } from './membership/quorum-maj.ts';
import type { QuorumMember } from './membership/quorum-text.ts';
import { countEvents } from './metrics/count-events.ts';
import { Guard } from './metrics/guard.ts';
import { logEvents } from './metrics/log-events.ts';
import { registerMetrics } from './metrics/metric-names.ts';
import { Metrics } from './metrics/metrics.ts';
import { type EventListener, ServerEvents } from './metrics/server-events.ts';
import { ServerStats } from './metrics/server-stats.ts';
import type { ServerParts } from './processors/zookeeper-server.ts';
import { ConfigurationFiles } from './quorum/configuration-files.ts';
import { QuorumPeer } from './quorum/quorum-peer.ts';
import type { ServeClients } from './quorum/read-only-phase.ts';
import type { Logger } from './runtime/logging/logger.ts';
import type { Runtime } from './runtime/runtime.ts';
import { memberNetworks } from './security/member-networks.ts';
import { LocalSessions } from './sessions/local-sessions.ts';
import { SessionIds } from './sessions/session-ids.ts';
import { startAutoPurge } from './storage/auto-purge.ts';
import { EpochFiles } from './storage/epoch-file.ts';
import { ZkDatabase } from './storage/zk-database.ts';
import { type CommitListener, CommitStream } from './stream/commit-stream.ts';
import { ownerLayout } from './tree/owner.ts';
import { AnswerPump } from './turns/answer-pump.ts';
import { TurnQueue } from './turns/turn-queue.ts';

const KIB = 1024;
/** The sid of a standalone server, which is its only voter. */
const STANDALONE_SID = 0;

export interface ServerOptions {
  readonly runtime: Runtime;
  readonly config: ServerConfig;
  readonly logger: Logger;
  /** Number of lines that the destination of the log did not take, for `mntr`. */
  readonly logLinesDropped?: () => number;
  /** Receives what happens to the server. It must not throw. */
  readonly onEvent?: EventListener;
  /** Called when the server cannot go on. Nothing that it answers afterwards can be trusted. */
  readonly onFatal: (error: ServerError) => void;
  /** Schemes besides those of the configuration. */
  readonly authProviders?: readonly AuthenticationProvider[];
  /** Work for one turn of the loop, to try another bound than `TURN_UNITS`. */
  readonly turnUnits?: number;
}

export interface RunningServer {
  readonly view: ServerView;
  readonly metrics: Metrics;
  readonly database: ZkDatabase;
  /** `done` runs when what was acknowledged is on disk and all ports are closed. */
  stop(done: () => void): void;
}

/**
 * Starts a server of whatever role its configuration and the elections give it. @throws ServerError when it
 * cannot start
 */
export function startServer(options: ServerOptions): RunningServer {
  const { runtime, config, logger } = options;
  const { disk, clock, network } = runtime;
  for (const warning of config.warnings) logger.warn(warning);
  const metrics = new Metrics();
  registerMetrics(metrics);
  metrics.gauge('learner_backlog_bytes', () => 0);
  metrics.gauge('log_lines_dropped', options.logLinesDropped ?? (() => 0));
  const stats = new ServerStats();
  const events = new ServerEvents(
    logEvents({ logger, clock }),
    countEvents(metrics),
    ...(options.onEvent === undefined ? [] : [options.onEvent]),
  );
  const onFatal = toldOnce(options, events);
  const databaseParts = { disk, clock, random: runtime.random, metrics, events, logger };
  const database = new ZkDatabase(databaseParts, databaseConfig(config));
  database.load();
  const guard = new Guard({ clock, logger, metrics });
  const autoPurge = startAutoPurge({
    disk,
    clock,
    events,
    guard,
    snapDirectory: database.snapDirectory,
    logDirectory: database.logDirectory,
    retainCount: config.snapRetainCount,
    intervalHours: config.purgeIntervalHours,
  });
  const providers = providersOf(config, options.authProviders);
  const turns = new TurnQueue(clock, options.turnUnits);
  const answers = new AnswerPump({ turns, clock, guard });
  const view = new ServerView({ config, runtime, database, metrics, stats, guard });
  const port = new ClientPort({
    config,
    clock,
    turns,
    network,
    metrics,
    events,
    stats,
    logger,
    guard,
    answers,
    providers,
    fourLetterWord: (word, argument) => answerFourLetterWord(word, view, argument),
    onFatal,
  });
  view.port = port;
  const serve: ServeClients = (server, keepsClients) => {
    if (keepsClients) port.keep();
    port.serve(server);
    if (server !== view.serving) events.emit({ kind: 'serving', mode: server?.mode ?? null });
    view.serving = server;
  };
  const sessionIds = new SessionIds(config.quorum?.sid ?? STANDALONE_SID, clock);
  const localSessions = hasLocalSessions(config)
    ? new LocalSessions(clock, config.tickTimeMs, sessionIds, ({ id, high, low }) => {
        events.emit({ kind: 'sessionExpired', id });
        port.server()?.connectionOf(high, low)?.close('the session expired');
      })
    : null;
  view.localSessions = localSessions;
  const parts: ServerParts = {
    config,
    clock,
    database,
    access: new AclDecisions(providers),
    metrics,
    events,
    stats,
    logger,
    guard,
    turns,
    heapBytesMax: runtime.heapBytesMax,
    localSessions,
    onFatal,
  };
  const stream = newStream(parts, runtime);
  const stopRole =
    config.quorum === undefined
      ? startStandalone(parts, sessionIds, serve)
      : startMember(parts, {
          runtime,
          member: config.quorum,
          sessionIds,
          view,
          port,
          serve,
          commits: stream,
        });
  stream?.start();
  if (config.clientAddress !== undefined && port.address === null) port.listen(config.clientAddress);
  const admin = startAdminServer(runtime.http, { view, answers }, config, logger);
  const metricsPort = startMetricsPort(runtime.http, { view, answers }, config, logger);
  return {
    view,
    metrics,
    database,
    stop(done) {
      serve(null, false);
      stream?.stop();
      localSessions?.stop();
      autoPurge.cancel();
      answers.close();
      admin.close();
      metricsPort.close();
      port.close();
      stopRole(() => {
        database.close();
        done();
      });
    },
  };
}

/** Reports only the first fatal error; the rest follow from it. */
function toldOnce({ onFatal }: ServerOptions, events: ServerEvents): (error: ServerError) => void {
  let fatal = false;
  return error => {
    if (fatal) return;
    fatal = true;
    const { code, message, details } = error;
    events.emit({ kind: 'stopped', code, message, details });
    onFatal(error);
  };
}

/** `done` runs when what was acknowledged is on disk. */
type StopRole = (done: () => void) => void;

function startStandalone(parts: ServerParts, sessionIds: SessionIds, serve: ServeClients): StopRole {
  const server = new LeaderZooKeeperServer(parts, {
    mode: 'standalone',
    sid: STANDALONE_SID,
    sessionIds,
    membership: {
      quorum: new JointQuorum(
        new QuorumMaj({ version: 0, text: '', voters: [STANDALONE_SID], observers: [] }),
      ),
    },
    broadcast: noBroadcast,
    zxid: parts.database.lastProcessedZxid,
  });
  serve(server, false);
  return done => server.stop('the server stops', done);
}

function newStream(parts: ServerParts, { plugIns, random }: Runtime): CommitStream | null {
  const { config, database: source, clock, events, metrics } = parts;
  if (config.stream === undefined) return null;
  return new CommitStream({ settings: config.stream, source, plugIns, clock, random, events, metrics });
}

interface MemberParts {
  readonly runtime: Runtime;
  readonly member: QuorumMember;
  readonly sessionIds: SessionIds;
  readonly view: ServerView;
  readonly port: ClientPort;
  readonly serve: ServeClients;
  readonly commits: CommitListener | null;
}

function startMember(parts: ServerParts, of: MemberParts): StopRole {
  const { runtime, view, port, ...member } = of;
  const { config, logger, database, events } = parts;
  const epochs = new EpochFiles(runtime.disk, database.snapDirectory);
  epochs.load(database.lastLoggedZxid, events);
  const { network, election, close } = memberNetworks(runtime, logger, config);
  const configurationStore = configurationFiles(parts, runtime, member.member);
  const moves = new ClientPortMoves(port, parts.config);
  const peer = new QuorumPeer({
    ...{ ...parts, ...member, runtime: { ...runtime, network }, electionNetwork: election, epochs },
    ...(configurationStore === null ? {} : { configurationStore }),
    onConfiguration: committed => moves.follow(committed),
  });
  view.peer = peer;
  peer.start();
  return done => {
    close();
    peer.stop(done);
  };
}

/** Null without reconfigEnabled, and when no file can be written: zoo.cfg was not read from this disk. */
function configurationFiles(
  { config, logger }: ServerParts,
  { disk }: Runtime,
  { sid, config: { version } }: QuorumMember,
): ConfigurationFiles | null {
  const { path } = config;
  if (!config.reconfigEnabled || !disk.exists(path)) return null;
  const files = new ConfigurationFiles({ disk, path, sid, version, logger });
  files.begin({ keepsCopy: config.dynamicConfigFile === undefined });
  return files;
}

/** As with upstream, a standalone server has none, because all its sessions are its own. */
function hasLocalSessions({ quorum, localSessionsEnabled }: ServerConfig): boolean {
  return quorum !== undefined && localSessionsEnabled;
}

function databaseConfig(config: ServerConfig) {
  return {
    dataDir: config.dataDir,
    dataLogDir: config.dataLogDir,
    snapCount: config.snapCount,
    snapSizeLimitBytes: Math.max(0, config.snapSizeLimitKiB) * KIB,
    preAllocBytes: config.preAllocSizeKiB * KIB,
    txnLogSizeLimitBytes: Math.max(0, config.txnLogSizeLimitKiB) * KIB,
    commitLogCount: config.commitLogCount,
    forceSync: config.forceSync,
    fsyncWarningMs: config.fsyncWarningThresholdMs,
    digestEnabled: config.digestEnabled,
    ownerLayout: ownerLayout(config),
    jute: config.jute,
    snapshotSizeFactor: config.snapshotSizeFactor,
    // An observer that becomes a voter must have all transactions on disk.
    logEnabled: config.observerSyncEnabled || config.quorum?.role !== 'observer' || config.reconfigEnabled,
    trustEmptySnapshot: config.trustEmptySnapshot,
    // Nobody could send a standalone server its data, so it starts empty, as with upstream.
    autoCreate: config.databaseAutoCreate || config.quorum === undefined,
    directoryAutoCreate: config.directoryAutoCreate,
    logRecord: true,
    votes: config.quorum !== undefined && config.quorum.role !== 'observer',
  };
}
