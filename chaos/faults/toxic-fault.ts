import { randomUUID } from 'node:crypto';
import type { Flow, Link, Stream } from '../mesh/link.ts';
import type { ToxicRequest } from '../toxiproxy/client.ts';
import type { LinkFaultContext } from './context.ts';

/** The links of some flows, each with the directions in which bytes are to be harmed. */
export function streamsByLink(flows: readonly Flow[]): Map<Link, Stream[]> {
  const streams = new Map<Link, Stream[]>();
  for (const { link, stream } of flows) streams.set(link, [...(streams.get(link) ?? []), stream]);
  return streams;
}

/**
 * The same toxic on each of the directions; gives what removes them. None is left when one cannot be added.
 */
export async function addToxics(
  { client }: LinkFaultContext,
  link: Link,
  streams: readonly Stream[],
  toxic: Omit<ToxicRequest, 'stream'>,
): Promise<() => Promise<void>> {
  const added: string[] = [];
  const remove = async () => {
    for (const name of added) await client.removeToxic(link.name, name);
  };
  try {
    for (const stream of streams) {
      // Two faults may lie on one link at a time.
      const name = `${toxic.name}_${stream}_${randomUUID()}`;
      await client.addToxic(link.name, { ...toxic, name, stream });
      added.push(name);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}
