import { randomUUID } from 'node:crypto';
import type { Flow, Link, Stream } from '../mesh/link.ts';
import type { ToxicRequest } from '../toxiproxy/client.ts';
import type { LinkFaultContext } from './context.ts';

/** The links of some flows, each with the directions whose bytes are to be harmed. */
export function streamsByLink(flows: readonly Flow[]): Map<Link, Stream[]> {
  const streams = new Map<Link, Stream[]>();
  for (const { link, stream } of flows) streams.set(link, [...(streams.get(link) ?? []), stream]);
  return streams;
}

/**
 * Adds the same toxic to each of the directions and returns what removes them. When one cannot be added, none
 * is left.
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
      // Two faults may be on one link at the same time, so toxic names must be unique.
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
