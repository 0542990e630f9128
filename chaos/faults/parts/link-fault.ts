import type { Link } from '../../mesh/link.ts';
import type { LinkFaultContext } from '../context.ts';
import type { ActiveFault } from '../fault.ts';
import { Healing } from './healing.ts';
import { type LinkHarm, LinkProof } from './link-proof.ts';

/**
 * Measures the links, applies the fault to all of them, and returns the fault in force. When one fails, it
 * undoes all.
 */
export async function injectOnLinks(
  context: LinkFaultContext,
  links: readonly Link[],
  harm: LinkHarm,
): Promise<ActiveFault> {
  const proof = await LinkProof.begin(context, links, harm);
  const healing = new Healing();
  const startedAt = Date.now();
  await applyToAll(links, harm, healing);
  return {
    startedAt,
    links: links.map(({ name }) => name),
    heal: () => healing.heal(),
    proveBite: () => proof.take(),
  };
}

/** Requests to Toxiproxy at the same time. */
const AT_ONCE = 16;

/** Applies the fault to all links or to none. */
export async function applyToAll(
  links: readonly Link[],
  harm: Pick<LinkHarm, 'apply'>,
  healing: Healing,
): Promise<void> {
  for (let at = 0; at < links.length; at += AT_ONCE) {
    const applied = await Promise.allSettled(
      links.slice(at, at + AT_ONCE).map(async link => healing.add(await harm.apply(link))),
    );
    const failed = applied.find(each => each.status === 'rejected');
    if (failed === undefined) continue;
    await healing.heal();
    throw failed.reason;
  }
}
