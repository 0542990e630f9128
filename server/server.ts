import { startAdminServer } from './admin/admin-server.ts';
import { registerMetrics } from './admin/metric-names.ts';
import { Metrics } from './admin/metrics.ts';
import { ServerView } from './admin/server-view.ts';
import { ClientPort } from './clients/client-port.ts';
import { answerFourLetterWord } from './clients/four-letter-words.ts';
import { ServerStats } from './clients/server-stats.ts';
import type { ServerConfig } from './config/server-config.ts';
import type { ServerError } from './errors.ts';
import type { ZooKeeperServer } from './processors/zookeeper-server.ts';
import { LeaderZooKeeperServer, noBroadcast } from './quorum/leader-zookeeper-server.ts';
import { QuorumMaj } from './quorum/quorum-maj.ts';
import { QuorumPeer } from './quorum/quorum-peer.ts';
import type { Logger } from './runtime/logger.ts';
import type { Runtime } from './runtime/runtime.ts';
import { SessionIds } from './sessions/session-ids.ts';
import { startAutoPurge } from './storage/auto-purge.ts';
import { EpochFiles } from './storage/epoch-file.ts';
import { ZkDatabase } from './storage/zk-database.ts';

const KIB = 1024;
/** The one voter of a standalone server. */
const STANDALONE_SID = 0;

export interface ServerOptions {
  readonly runtime: Runtime;
  readonly config: ServerConfig;
  readonly logger: Logger;
  /** The server cannot go on; nothing it would say after this can be trusted. */
  readonly onFatal: (error: ServerError) => void;
}

export interface RunningServer {
  readonly view: ServerView;
  readonly metrics: Metrics;
  readonly database: ZkDatabase;
  /** `done` runs when what was acknowledged is on disk and all ports are closed. */
  stop(done: () => void): void;
}

/** Starts a server of whatever role its configuration and the elections give it. @throws ServerError when it cannot start */
export function startServer(options: ServerOptions): RunningServer {
  const { runtime, config, logger } = options;
  for (const warning of config.warnings) logger.warn(warning);
  const metrics = new Metrics();
  registerMetrics(metrics);
  const stats = new ServerStats();
  const database = new ZkDatabase(
    { disk: runtime.disk, clock: runtime.clock, random: runtime.random, metrics, logger },
    databaseConfig(config),
  );
  let fatal = false;
  const onFatal = (error: ServerError): void => {
    if (fatal) return;
    fatal = true;
    logger.error(`the server stops: ${error.message}`, { code: error.code, ...error.details });
    options.onFatal(error);
  };
  database.load();
  const autoPurge = startAutoPurge({
    disk: runtime.disk,
    clock: runtime.clock,
    logger,
    snapDirectory: database.snapDirectory,
    logDirectory: database.logDirectory,
    retainCount: config.snapRetainCount,
    intervalHours: config.purgeIntervalHours,
  });
  const sessionIds = new SessionIds(config.quorum?.sid ?? STANDALONE_SID, runtime.clock);
  const view = new ServerView({
    config,
    clock: runtime.clock,
    disk: runtime.disk,
    database,
    metrics,
    stats,
    environment: runtime.environment,
  });
  const port = new ClientPort({
    config,
    clock: runtime.clock,
    network: runtime.network,
    metrics,
    logger,
    fourLetterWord: (word, argument) => answerFourLetterWord(word, view, argument),
    onFatal,
  });
  const serve = (server: ZooKeeperServer | null): void => {
    port.serve(server);
    view.serving = server;
  };
  view.port = port;

  let stopRole: (done: () => void) => void;
  if (config.quorum === undefined) {
    const server = new LeaderZooKeeperServer(
      { config, clock: runtime.clock, database, metrics, stats, logger, onFatal },
      {
        mode: 'standalone',
        sid: STANDALONE_SID,
        sessionIds,
        verifier: new QuorumMaj({ version: 0, text: '', voters: [STANDALONE_SID], observers: [] }),
        broadcast: noBroadcast,
        zxid: database.lastProcessedZxid,
      },
    );
    serve(server);
    stopRole = done => server.stop('the server stops', done);
  } else {
    const epochs = new EpochFiles(runtime.disk, database.snapDirectory);
    epochs.load(database.lastLoggedZxid, logger);
    const peer = new QuorumPeer({
      runtime,
      config,
      member: config.quorum,
      database,
      epochs,
      sessionIds,
      metrics,
      stats,
      logger,
      serve,
      onFatal,
    });
    view.peer = peer;
    peer.start();
    stopRole = done => peer.stop(done);
  }

  if (config.clientAddress !== undefined) {
    port.listen(config.clientAddress, bound => logger.info('client port listens', { port: bound }));
  }
  const admin = startAdminServer(runtime.http, view, config, logger);
  return {
    view,
    metrics,
    database,
    stop(done) {
      serve(null);
      autoPurge.cancel();
      admin.close();
      port.close();
      stopRole(() => {
        database.close();
        done();
      });
    },
  };
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
    snapshotSizeFactor: config.snapshotSizeFactor,
    logEnabled: config.observerSyncEnabled || config.quorum?.role !== 'observer',
    trustEmptySnapshot: config.trustEmptySnapshot,
    autoCreate: true,
  };
}
