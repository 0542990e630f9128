import type { ClientConnection } from '../clients/client-connection.ts';
import { sessionIdHex } from '../sessions/session-id.ts';
import { zxidToHex } from '../wire/zxid.ts';
import type { ServerView } from './server-view.ts';

/** A line per client in the text of `stat`. */
export function* briefLines(view: ServerView): Generator<string> {
  for (const connection of view.connections()) yield `${briefLine(connection)})\n`;
}

/** A line per client in the text of `cons`. */
export function* connectionLines(view: ServerView): Generator<string> {
  for (const connection of view.connections()) yield `${connectionLine(connection)}\n`;
}

/** 1 while the server reads from the client, plus 4 while output waits for the client. */
export function interestOps({ isWord, gate, output }: ClientConnection): number {
  return isWord ? 0 : (gate.open ? 1 : 0) | (output.bytesQueued > 0 ? 4 : 0);
}

function briefLine(connection: ClientConnection): string {
  const { remote, outstanding, stats } = connection;
  const { packetsReceived, packetsSent } = stats;
  return ` /${remote}[${interestOps(connection)}](queued=${outstanding},recved=${packetsReceived},sent=${packetsSent}`;
}

function connectionLine(connection: ClientConnection): string {
  const { sessionId, timeoutMs, stats } = connection;
  if (!connection.hasSession) return `${briefLine(connection)})`;
  const pairs: [string, string | number | null][] = [
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
