import { setTimeout as sleep } from 'node:timers/promises';
import { type ByteCounts, readByteCounts } from '../../mesh/byte-counts.ts';
import type { Link, Stream } from '../../mesh/link.ts';
import type { ToxiproxyClient } from '../../toxiproxy/client.ts';

/** Toxiproxy counts the bytes of a connection shortly after it has ended. */
const COUNTED_MAX_MS = 5_000;
const POLL_MS = 20;

/**
 * Starts to watch the bytes lost on links, each in one direction. The returned function tells how many bytes
 * came in but did not go out since; it waits a moment when there are no losses so far.
 *
 * Undefined when this Toxiproxy does not count.
 */
export async function watchLosses(
  client: Pick<ToxiproxyClient, 'url' | 'prefix'>,
  links: readonly Link[],
  streamOf: (link: Link) => Stream,
): Promise<(() => Promise<number[]>) | undefined> {
  const start = await readByteCounts(client);
  if (start === undefined) return undefined;
  const since = (now: ByteCounts) =>
    links.map(link => missing(now, link, streamOf(link)) - missing(start, link, streamOf(link)));
  return async () => {
    const giveUpAt = performance.now() + COUNTED_MAX_MS;
    for (;;) {
      const losses = since((await readByteCounts(client)) ?? start);
      if (losses.every(bytes => bytes > 0) || performance.now() >= giveUpAt) return losses;
      await sleep(POLL_MS);
    }
  };
}

function missing(counts: ByteCounts, { name }: Link, stream: Stream): number {
  const count = counts.get(name)?.[stream];
  return count === undefined ? 0 : count.received - count.sent;
}
