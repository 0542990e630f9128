import { randomUUID } from 'node:crypto';
import type { Flow, Link, Stream } from '../../mesh/link.ts';
import type { Selector } from '../../mesh/select.ts';
import type { ToxicRequest } from '../../toxiproxy/client.ts';
import type { LinkFaultContext } from '../context.ts';
import type { ActiveFault } from '../fault.ts';
import { injectOnLinks } from './link-fault.ts';
import type { LinkHarm } from './link-proof.ts';

/** The directions of a link whose bytes are to be harmed. */
export type Ways = (link: Link) => readonly Stream[];

/**
 * A fault that is one toxic on all bytes that the selector means.
 * @param shows how it shows on a link
 */
export async function injectToxic(
  context: LinkFaultContext,
  select: Selector,
  toxic: Pick<ToxicRequest, 'type' | 'attributes'>,
  shows: (ways: Ways) => Omit<LinkHarm, 'apply'>,
): Promise<ActiveFault> {
  return injectToxicOn(context, await context.mesh.flows(select, context.random), toxic, shows);
}

function injectToxicOn(
  context: LinkFaultContext,
  flows: readonly Flow[],
  toxic: Pick<ToxicRequest, 'type' | 'attributes'>,
  shows: (ways: Ways) => Omit<LinkHarm, 'apply'>,
): Promise<ActiveFault> {
  const { links, harm } = toxicHarm(context, flows, toxic, shows);
  return injectOnLinks(context, links, harm);
}

/** The same, for who applies it in steps. */
export function toxicHarm(
  context: LinkFaultContext,
  flows: readonly Flow[],
  toxic: Pick<ToxicRequest, 'type' | 'attributes'>,
  shows: (ways: Ways) => Omit<LinkHarm, 'apply'>,
): { links: Link[]; harm: LinkHarm } {
  const streams = streamsByLink(flows);
  const ways: Ways = link => streams.get(link) ?? [];
  return {
    links: [...streams.keys()],
    harm: { apply: link => addToxics(context, link, ways(link), toxic), ...shows(ways) },
  };
}

/** The links of some flows, each with the directions whose bytes are to be harmed. */
function streamsByLink(flows: readonly Flow[]): Map<Link, Stream[]> {
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
  toxic: Pick<ToxicRequest, 'type' | 'attributes'>,
): Promise<() => Promise<void>> {
  const added: string[] = [];
  const remove = async () => {
    for (const name of added) await client.removeToxic(link.name, name);
  };
  try {
    for (const stream of streams) {
      // Two faults may be on one link at the same time, so toxic names must be unique.
      const name = `fault_${toxic.type}_${stream}_${randomUUID()}`;
      await client.addToxic(link.name, { ...toxic, name, stream });
      added.push(name);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}
