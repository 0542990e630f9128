import { Double } from '../admin/exact-json.ts';
import { monitorLines } from '../admin/monitor.ts';
import type { ServerView } from '../admin/server-view.ts';
import { sessionsByWatchedPath, watchesBySession, watchSummary } from '../admin/watch-listing.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { sessionIdHex } from '../sessions/session-id.ts';
import { FULL_VERSION } from '../version.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { ClientConnection } from './client-connection.ts';

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n';

/** What is answered whether a server serves or not. Upstream's mntr is not: ours tells the lab of a member that looks. */
const answeredAlways: ReadonlySet<string> = new Set(['ruok', 'isro', 'mntr', 'envi', 'gtmk', 'stmk']);

const LONG_BYTES = 8;
/** Bytes that follow a word. */
const argumentBytes: Readonly<Record<string, number>> = { stmk: LONG_BYTES };

/** Each word with its answer, in upstream's text. @see facts section 18 */
const words: Readonly<Record<string, (view: ServerView, argument: Buffer) => string>> = {
  ruok: () => 'imok',
  srvr: view => versionLine() + serverLines(view),
  stat: view => `${versionLine()}${clientLines(view)}\n${serverLines(view)}`,
  mntr: view =>
    view.serving === null && view.peer === null
      ? NOT_SERVING
      : monitorLines(view)
          .map(([name, value]) => `zk_${name}\t${value}\n`)
          .join(''),
  conf,
  cons: view => `${connectionLines(view, connectionLine)}\n`,
  isro: view => (view.serving === null ? 'null' : 'rw'),
  crst: view => {
    for (const { stats } of view.serving?.connections ?? []) stats.reset();
    return 'Connection stats reset.\n';
  },
  srst: view => {
    view.resetStats();
    return 'Server stats reset.\n';
  },
  dump,
  envi: view => `Environment:\n${[...view.environment].map(([key, value]) => `${key}=${value}\n`).join('')}`,
  wchs: view => {
    const { connections, paths, watches } = watchSummary(view);
    return `${connections} connections watching ${paths} paths\nTotal watches:${watches}\n`;
  },
  wchc: view => listing([...watchesBySession(view)].map(([id, paths]) => [sessionIdHex(id), paths])),
  wchp: view => listing([...sessionsByWatchedPath(view)].map(([path, ids]) => [path, ids.map(sessionIdHex)])),
  gtmk: view => String(view.traceMask),
  stmk: (view, argument) => {
    view.traceMask = argument.readBigInt64BE(0);
    return String(view.traceMask);
  },
  dirs: view =>
    `datadir_size: ${view.directoryBytes(view.database.snapDirectory)}\n` +
    `logdir_size: ${view.directoryBytes(view.database.logDirectory)}\n`,
  hash: view =>
    view.database.tree.digestLog
      .map(entry => `${zxidToHex(entry.zxid).slice(2)}: ${entry.digest.toBigInt()}\n`)
      .join(''),
};

/**
 * Null when `word` is none, so that the bytes can be tried as the length of a frame; undefined when more of `argument`,
 * which stands behind it, has to come first.
 */
export function answerFourLetterWord(
  word: string,
  view: ServerView,
  argument: Buffer = NO_ARGUMENT,
): string | null | undefined {
  const answer = Object.hasOwn(words, word) ? words[word] : undefined;
  if (answer === undefined) return null;
  if (!isEnabled(word, view.config)) {
    return `${word} is not executed because it is not in the whitelist.\n`;
  }
  if (view.serving === null && !answeredAlways.has(word)) return NOT_SERVING;
  return argument.length < (argumentBytes[word] ?? 0) ? undefined : answer(view, argument);
}

/** `srvr` always, since scripts of ZooKeeper's own rest on it; `isro` where clients ask it for a server that they may write to. */
function isEnabled(word: string, { fourLetterWords, readOnlyModeEnabled }: ServerConfig): boolean {
  if (word === 'srvr' || (word === 'isro' && readOnlyModeEnabled)) return true;
  return fourLetterWords.includes('*') || fourLetterWords.includes(word);
}

const NO_ARGUMENT = Buffer.alloc(0);

/** Each key with its values on lines of their own, a tab in front. */
function listing(entries: readonly (readonly [key: string, values: readonly string[]])[]): string {
  return `${entries.map(([key, values]) => `${key}\n${values.map(value => `\t${value}\n`).join('')}`).join('')}\n`;
}

function versionLine(): string {
  return `Zookeeper version: ${FULL_VERSION}\n`;
}

function serverLines(view: ServerView): string {
  const { stats, serving } = view;
  const latency = `${Math.round(stats.latencyMinMs)}/${new Double(stats.latencyAvgMs)}/${Math.round(stats.latencyMaxMs)}`;
  const lines = [
    `Latency min/avg/max: ${latency}`,
    `Received: ${stats.packetsReceived}`,
    `Sent: ${stats.packetsSent}`,
    `Connections: ${view.port?.connectionCount ?? 0}`,
    `Outstanding: ${serving?.outstanding ?? 0}`,
    `Zxid: ${view.zxid}`,
    `Mode: ${serving?.mode ?? 'looking'}`,
    `Node count: ${view.database.tree.nodeCount}`,
  ];
  const sizes = view.leader === null ? undefined : view.leaderServer?.proposalSizes;
  if (sizes !== undefined) lines.push(`Proposal sizes last/min/max: ${sizes.last}/${sizes.min}/${sizes.max}`);
  return `${lines.join('\n')}\n`;
}

function clientLines(view: ServerView): string {
  return `Clients:\n${connectionLines(view, connection => `${briefLine(connection)})`)}`;
}

function connectionLines(view: ServerView, line: (connection: ClientConnection) => string): string {
  return view.connections.map(connection => `${line(connection)}\n`).join('');
}

function briefLine({ remote, interestOps, outstanding, stats }: ClientConnection): string {
  const { packetsReceived, packetsSent } = stats;
  return ` /${remote}[${interestOps}](queued=${outstanding},recved=${packetsReceived},sent=${packetsSent}`;
}

function connectionLine(connection: ClientConnection): string {
  const { sessionId, timeoutMs, stats } = connection;
  if (!connection.hasSession) return `${briefLine(connection)})`;
  const pairs: [string, string | number][] = [
    ['sid', sessionIdHex(sessionId)],
    ['lop', stats.lastOperation],
    ['est', stats.openedWallMs],
    ['to', timeoutMs],
  ];
  if (stats.lastCxid >= 0) pairs.push(['lcxid', `0x${stats.lastCxid.toString(16)}`]);
  pairs.push(
    ['lzxid', zxidToHex(stats.lastZxid)],
    ['lresp', Math.round(stats.lastResponseMs)],
    ['llat', Math.round(stats.lastLatencyMs)],
    ['minlat', Math.round(stats.latencyMinMs)],
    ['avglat', Math.round(stats.latencyAvgMs)],
    ['maxlat', Math.round(stats.latencyMaxMs)],
  );
  return `${briefLine(connection)},${pairs.map(([key, value]) => `${key}=${value}`).join(',')})`;
}

function conf(view: ServerView): string {
  const { config, database } = view;
  const pairs: [string, string | number][] = [
    ['clientPort', config.clientAddress?.port ?? -1],
    ['secureClientPort', config.secureClientAddress?.port ?? -1],
    ['dataDir', database.snapDirectory],
    ['dataDirSize', view.directoryBytes(database.snapDirectory)],
    ['dataLogDir', database.logDirectory],
    ['dataLogSize', view.directoryBytes(database.logDirectory)],
    ['tickTime', config.tickTimeMs],
    ['maxClientCnxns', config.maxClientCnxns],
    ['minSessionTimeout', config.minSessionTimeoutMs],
    ['maxSessionTimeout', config.maxSessionTimeoutMs],
    ['clientPortListenBacklog', config.clientPortListenBacklog],
    ['serverId', config.quorum?.sid ?? 0],
  ];
  if (config.quorum !== undefined) {
    const own = config.quorum.config.servers.get(config.quorum.sid);
    pairs.push(['initLimit', Math.round(config.initLimitMs / config.tickTimeMs)]);
    pairs.push(['syncLimit', Math.round(config.syncLimitMs / config.tickTimeMs)]);
    pairs.push(['electionAlg', 3]);
    pairs.push(['electionPort', own?.addresses[0].electionPort ?? 0]);
    pairs.push(['quorumPort', own?.addresses[0].quorumPort ?? 0]);
    pairs.push(['peerType', config.quorum.role === 'observer' ? 1 : 0]);
  }
  const text = pairs.map(([key, value]) => `${key}=${value}\n`).join('');
  return view.peer === null ? text : `${text}membership: \n${view.peer.configText}`;
}

/** A learner knows the sessions of the ensemble, and leaves it to the leader when they end. */
function sessionLines(view: ServerView): string[] {
  const tracker = view.leaderServer?.tracker;
  if (tracker === undefined) {
    const { sessionTimeouts } = view.database;
    const sessions = [...sessionTimeouts].map(([id, timeoutMs]) => `${sessionIdHex(id)}\t${timeoutMs}ms`);
    return [`Global Sessions(${sessions.length}):`, ...sessions];
  }
  const buckets = [...tracker.buckets].sort(([a], [b]) => a - b);
  const lines = [`Session Sets (${buckets.length})/(${tracker.size}):`];
  const wallAtZeroMs = view.clock.wallMs() - view.clock.monotonicMs();
  for (const [expiryMs, sessions] of buckets) {
    lines.push(`${sessions.size} expire at ${dateText(wallAtZeroMs + expiryMs)}:`);
    for (const session of sessions) lines.push(`\t${sessionIdHex(session.id)}`);
  }
  return lines;
}

/** "Fri Nov 20 15:35:48 UTC 2026" */
function dateText(wallMs: number): string {
  const [day, date, month, year, time] = new Date(wallMs).toUTCString().split(/,? /);
  return `${day} ${month} ${date} ${time} UTC ${year}`;
}

function dump(view: ServerView): string {
  const lines = ['SessionTracker dump:', ...sessionLines(view)];
  const owners = view.database.tree.sessionsWithEphemerals;
  lines.push('ephemeral nodes dump:', `Sessions with Ephemerals (${owners.size}):`);
  for (const [owner, paths] of owners) {
    lines.push(`${sessionIdHex(owner)}:`, ...[...paths].map(path => `\t${path}`));
  }
  // Upstream has sets of connections by when they expire: here they do with their sessions.
  const { connections } = view;
  lines.push('Connections dump:', `Connections Sets (1)/(${connections.length}):`);
  for (const { remote, sessionId } of connections)
    lines.push(`\tip: /${remote} sessionId: ${sessionIdHex(sessionId)}`);
  return `${lines.join('\n')}\n`;
}
