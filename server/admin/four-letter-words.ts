import type { AnswerPieces } from '../clients/word-answer.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { electionAddressesOf, quorumAddressesOf } from '../membership/quorum-server.ts';
import { Double } from '../metrics/double.ts';
import type { Address } from '../runtime/runtime.ts';
import { sessionIdHex } from '../sessions/session-id.ts';
import type { Pause } from '../turns/live.ts';
import { FULL_VERSION } from '../version.ts';
import { zxidToHex } from '../wire/zxid.ts';
import { briefLines, connectionLines } from './connection-lines.ts';
import { dumpLines } from './dump-lines.ts';
import { monitorLines } from './monitor.ts';
import type { ServerView } from './server-view.ts';
import { type Listed, sessionsByWatchedPath, watchesBySession, watchSummary } from './watch-listing.ts';

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n';

/**
 * Words that are answered whether or not the server serves. From the answers of all others, agents conclude
 * that a server is down.
 */
const answeredAlways: ReadonlySet<string> = new Set(['ruok', 'isro', 'envi', 'gtmk', 'stmk']);

const LONG_BYTES = 8;
/** Bytes that follow a word. */
const argumentBytes: Readonly<Record<string, number>> = { stmk: LONG_BYTES };

/** Each word with its answer, in upstream's text. @see docs/operations.md "Four-letter words" */
const words: Readonly<Record<string, (view: ServerView, argument: Buffer) => AnswerPieces>> = {
  ruok: () => ['imok'],
  srvr: view => [headLines(view), serverLines(view)],
  *stat(view) {
    yield `${headLines(view)}Clients:\n`;
    yield* briefLines(view);
    yield '\n';
    yield serverLines(view);
  },
  *mntr(view) {
    for (const [name, value] of monitorLines(view)) yield `zk_${name}\t${value}\n`;
  },
  conf,
  *cons(view) {
    yield* connectionLines(view);
    yield '\n';
  },
  isro: view => [view.serving === null ? 'null' : view.serving.isReadOnly ? 'ro' : 'rw'],
  *crst(view) {
    yield* view.resetConnections();
    yield 'Connection stats reset.\n';
  },
  srst: view => {
    view.resetStats();
    return ['Server stats reset.\n'];
  },
  dump: dumpLines,
  *envi(view) {
    yield 'Environment:\n';
    for (const [key, value] of view.environment) yield `${key}=${value}\n`;
  },
  *wchs(view) {
    const { connections, paths, watches } = yield* watchSummary(view);
    yield `${connections} connections watching ${paths} paths\nTotal watches:${watches}\n`;
  },
  wchc: view => listing(watchesBySession(view), sessionIdHex, path => path),
  wchp: view => listing(sessionsByWatchedPath(view), path => path, sessionIdHex),
  gtmk: view => [String(view.traceMask)],
  stmk: (view, argument) => {
    view.traceMask = argument.readBigInt64BE(0);
    return [String(view.traceMask)];
  },
  *dirs(view) {
    yield `datadir_size: ${yield* view.dataDirectoryBytes()}\n`;
    yield `logdir_size: ${yield* view.logDirectoryBytes()}\n`;
  },
  *hash(view) {
    for (const { zxid, digest } of view.database.tree.digestLog)
      yield `${zxidToHex(zxid).slice(2)}: ${digest.toBigInt()}\n`;
  },
};

/**
 * Null when `word` is no four-letter word, so that its bytes can be read as the length of a frame; undefined
 * when more of `argument`, which follows the word, has to come first.
 */
export function answerFourLetterWord(
  word: string,
  view: ServerView,
  argument: Buffer = NO_ARGUMENT,
): AnswerPieces | null | undefined {
  const answer = Object.hasOwn(words, word) ? words[word] : undefined;
  if (answer === undefined) return null;
  if (!isEnabled(word, view.config)) return [`${word} is not executed because it is not in the whitelist.\n`];
  if (view.serving === null && !answeredAlways.has(word)) return [NOT_SERVING];
  return argument.length < (argumentBytes[word] ?? 0) ? undefined : answered(answer, view, argument);
}

/** Nothing is computed before the first piece is asked for. */
function* answered(
  answer: (view: ServerView, argument: Buffer) => AnswerPieces,
  view: ServerView,
  argument: Buffer,
): Generator<string | Pause> {
  yield* answer(view, argument);
}

/**
 * `srvr` is always enabled, because ZooKeeper's own scripts rely on it, and `isro` when clients use it to
 * find a server to which they may write.
 */
function isEnabled(word: string, config: ServerConfig): boolean {
  const { fourLetterWords, readOnlyModeEnabled, observerReadOnlyEnabled } = config;
  if (word === 'srvr' || (word === 'isro' && (readOnlyModeEnabled || observerReadOnlyEnabled))) return true;
  return fourLetterWords.includes('*') || fourLetterWords.includes(word);
}

const NO_ARGUMENT = Buffer.alloc(0);

/** Each key, and its values on lines of their own, with a tab in front. */
function* listing<K, V extends string | bigint>(
  listed: Iterable<Listed<K, V> | Pause>,
  keyText: (key: K) => string,
  valueText: (value: V) => string,
): Generator<string | Pause> {
  for (const each of listed) {
    if (each === undefined) {
      yield each;
      continue;
    }
    const [key, values] = each;
    yield `${keyText(key)}\n`;
    for (const value of values) yield value === undefined ? value : `\t${valueText(value)}\n`;
  }
  yield '\n';
}

function headLines({ serving }: ServerView): string {
  const readOnly = serving?.isReadOnly ? 'READ-ONLY mode; serving only read-only clients\n' : '';
  return `Zookeeper version: ${FULL_VERSION}\n${readOnly}`;
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
  if (serving?.isReadOnly) lines.push(`Read-only for: ${Math.round(view.peer?.readOnlyAgeMs ?? 0)} ms`);
  const sizes = view.leader === null ? undefined : view.leaderServer?.proposalSizes;
  if (sizes !== undefined) lines.push(`Proposal sizes last/min/max: ${sizes.last}/${sizes.min}/${sizes.max}`);
  return `${lines.join('\n')}\n`;
}

function* conf(view: ServerView): Generator<string | Pause> {
  const { config, database } = view;
  const dataBytes = yield* view.dataDirectoryBytes();
  const logBytes = yield* view.logDirectoryBytes();
  const pairs: [string, string | number][] = [
    ['clientPort', view.clientAddress?.port ?? -1],
    ['secureClientPort', config.secureClientAddress?.port ?? -1],
    ['dataDir', database.snapDirectory],
    ['dataDirSize', dataBytes],
    ['dataLogDir', database.logDirectory],
    ['dataLogSize', logBytes],
    ['tickTime', config.tickTimeMs],
    ['maxClientCnxns', config.maxClientCnxns],
    ['minSessionTimeout', config.minSessionTimeoutMs],
    ['maxSessionTimeout', config.maxSessionTimeoutMs],
    ['clientPortListenBacklog', config.clientPortListenBacklog],
    ['serverId', config.quorum?.sid ?? 0],
  ];
  const { peer, ownServer: own } = view;
  if (peer !== null) {
    pairs.push(['initLimit', Math.round(config.initLimitMs / config.tickTimeMs)]);
    pairs.push(['syncLimit', Math.round(config.syncLimitMs / config.tickTimeMs)]);
    pairs.push(['electionAlg', 3]);
    pairs.push(['electionPort', own === undefined ? 0 : portsOf(electionAddressesOf(own))]);
    pairs.push(['quorumPort', own === undefined ? 0 : portsOf(quorumAddressesOf(own))]);
    pairs.push(['peerType', peer.membership.role === 'observer' ? 1 : 0]);
  }
  for (const [key, value] of pairs) yield `${key}=${value}\n`;
  if (peer !== null) yield `membership: \n${peer.membership.committed.verifier.text}`;
}

function portsOf(addresses: readonly Address[]): string {
  return [...new Set(addresses.map(({ port }) => port))].join('|');
}
