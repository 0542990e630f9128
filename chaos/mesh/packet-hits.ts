import type { ToxiproxyClient } from '../toxiproxy/client.ts';
import type { Stream } from './link.ts';

const LINE = /^stand_in_packets_hit_total\{([^}]*)\} (\S+)$/gm;

/** By proxy: packets that toxics have hit, as the stand-in counts them. Toxiproxy itself knows no packets. */
export async function readPacketHits({
  url,
  prefix,
}: Pick<ToxiproxyClient, 'url' | 'prefix'>): Promise<ReadonlyMap<string, Readonly<Record<Stream, number>>>> {
  const response = await fetch(`${url}/metrics`);
  const hits = new Map<string, Record<Stream, number>>();
  if (!response.ok) return hits;
  for (const [, labels = '', value] of (await response.text()).matchAll(LINE)) {
    const proxy = /(?:^|,)proxy="([^"]*)"/.exec(labels)?.[1]?.replace(prefix, '');
    const direction = /(?:^|,)direction="(upstream|downstream)"/.exec(labels)?.[1] as Stream | undefined;
    if (proxy === undefined || direction === undefined) continue;
    const of = hits.get(proxy) ?? { upstream: 0, downstream: 0 };
    of[direction] += Number(value);
    hits.set(proxy, of);
  }
  return hits;
}
