import type { ToxiproxyClient } from '../toxiproxy/client.ts';
import type { Stream } from './link.ts';

/** Bytes of one proxy in one direction, since the proxy was created. */
export interface ByteCount {
  /** Bytes that came in from the sender. */
  readonly received: number;
  /** Bytes that went out to the receiver. The difference was dropped, or is on its way. */
  readonly sent: number;
}

/** By proxy and direction. */
export type ByteCounts = ReadonlyMap<string, Readonly<Record<Stream, ByteCount>>>;

const LINE = /^toxiproxy_proxy_(received|sent)_bytes_total\{([^}]*)\} (\S+)$/gm;

/**
 * What this Toxiproxy has counted; undefined when it was started without -proxy-metrics. Toxiproxy counts a
 * connection when it has ended, the stand-in counts it continuously: compare only counts of connections that
 * have ended.
 */
export async function readByteCounts({
  url,
  prefix,
}: Pick<ToxiproxyClient, 'url' | 'prefix'>): Promise<ByteCounts | undefined> {
  const response = await fetch(`${url}/metrics`);
  if (!response.ok) return undefined;
  const counts = parseByteCounts(await response.text());
  return new Map([...counts].map(([name, count]) => [name.replace(prefix, ''), count]));
}

/**
 * Parses Prometheus's text format. The counts of a proxy that listened on several addresses in turn are
 * summed.
 */
export function parseByteCounts(text: string): ByteCounts {
  const counts = new Map<string, Record<Stream, { received: number; sent: number }>>();
  for (const [, what, labels = '', value] of text.matchAll(LINE)) {
    const proxy = /(?:^|,)proxy="([^"]*)"/.exec(labels)?.[1];
    const direction = /(?:^|,)direction="(upstream|downstream)"/.exec(labels)?.[1];
    if (proxy === undefined || direction === undefined) continue;
    const zero = () => ({ received: 0, sent: 0 });
    const count = counts.get(proxy) ?? { upstream: zero(), downstream: zero() };
    count[direction as Stream][what as keyof ByteCount] += Number(value);
    counts.set(proxy, count);
  }
  return counts;
}
