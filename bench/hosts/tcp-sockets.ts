/**
 * What the kernel counted on the TCP connections of this machine, as `ss` of iproute2 prints it. This works
 * for every server, also for one that counts nothing itself.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface TcpSocket {
  readonly pid: number;
  /** `127.0.0.1:40000` */
  readonly local: string;
  readonly remote: string;
  /** Bytes that the other side has acknowledged, which leaves out what was sent twice. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Segments with data. Loopback carries up to 64 KiB in one. */
  readonly packetsSent: number;
  readonly packetsReceived: number;
}

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** Established connections of these processes; null where `ss` is missing or does not tell. */
export async function tcpSockets(pids: readonly number[]): Promise<TcpSocket[] | null> {
  try {
    const { stdout } = await promisify(execFile)('ss', ['-tinpH', 'state', 'established'], {
      maxBuffer: OUTPUT_BYTES_MAX,
      timeout: TIMEOUT_MS,
    });
    const found = parseSockets(stdout).filter(({ pid }) => pids.includes(pid));
    return found.length === 0 ? null : found;
  } catch {
    return null;
  }
}

/** Each socket is a line with its addresses and process, followed by an indented one with its counts. */
export function parseSockets(output: string): TcpSocket[] {
  const sockets: TcpSocket[] = [];
  const lines = output.split('\n');
  for (const [index, line] of lines.entries()) {
    // With a state filter, ss prints no column of states.
    const named = /^(?:ESTAB\s+)?\d+\s+\d+\s+(\S+:\d+)\s+(\S+:\d+)\s.*?pid=(\d+)/.exec(line);
    const counts = lines[index + 1];
    if (named === null || counts === undefined || !/^\s/.test(counts)) continue;
    const [, local = '', remote = '', pid] = named;
    sockets.push({
      pid: Number(pid),
      local: ipv4Of(local),
      remote: ipv4Of(remote),
      bytesSent: countOf(counts, 'bytes_acked'),
      bytesReceived: countOf(counts, 'bytes_received'),
      packetsSent: countOf(counts, 'data_segs_out'),
      packetsReceived: countOf(counts, 'data_segs_in'),
    });
  }
  return sockets;
}

/** A count that is still 0 is left out by `ss`. */
function countOf(line: string, name: string): number {
  return Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
}

/** A JVM's sockets are IPv6 ones, with mapped addresses: `[::ffff:127.0.0.1]:40000` */
function ipv4Of(address: string): string {
  return address.replace(/^\[::ffff:([\d.]+)\]/, '$1');
}
