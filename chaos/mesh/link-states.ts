/** The present state of every link: whether it refuses connections, and the toxics on it. */
import type { ProxyDetails, ToxiproxyClient } from '../toxiproxy/client.ts';
import type { Link } from './link.ts';

export interface LinkState {
  readonly link: Link;
  /** In words; undefined when nothing is wrong with the link. */
  readonly harm: string | undefined;
}

/** In the order of the links. @throws ToxiproxyRequestError */
export async function readLinkStates(client: ToxiproxyClient, links: readonly Link[]): Promise<LinkState[]> {
  const details = new Map((await client.details()).map(each => [each.name, each]));
  return links.map(link => ({ link, harm: harmOf(details.get(link.name)) }));
}

function harmOf(proxy: ProxyDetails | undefined): string | undefined {
  if (proxy === undefined) return 'its proxy is gone';
  const toxics = new Map<string, Set<string>>();
  for (const { type, stream, attributes } of proxy.toxics) {
    const given = Object.entries(attributes).filter(([, value]) => value !== 0);
    const isBlackhole = type === 'timeout' && given.length === 0;
    const words = [isBlackhole ? 'blackhole' : type, ...given.map(([key, value]) => `${key}=${value}`)].join(
      ' ',
    );
    toxics.set(words, (toxics.get(words) ?? new Set()).add(stream));
  }
  const all = [
    ...(proxy.enabled ? [] : ['refuses connections']),
    ...[...toxics].map(
      ([words, streams]) => `${words} ${streams.size > 1 ? 'both ways' : [...streams].join()}`,
    ),
  ];
  return all.length === 0 ? undefined : all.join(', ');
}
