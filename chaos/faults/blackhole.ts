import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import type { Flow, Link } from '../mesh/link.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { injectOnLinks } from './parts/link-fault.ts';
import type { LinkHarm } from './parts/link-proof.ts';
import { toxicHarm } from './parts/toxic-fault.ts';

const SILENCE_MS = 1_000;

export const blackholeKind: FaultKind<{ readonly select: Selector }> = {
  name: 'blackhole',
  description: 'bytes vanish, connections stay',
  schema: z.strictObject({ select: selectorSchema }),
  available: needsLinks,
  create: blackhole,
  draw(random, shape) {
    const select = drawSelectors(random, shape, { both: true });
    return select && (own => ({ select: select(own) }));
  },
};

/**
 * Drops the bytes from one side to the other. Connections stay, and new ones are accepted, so members notice
 * only by their own timeouts. Healing closes the existing connections, because Toxiproxy's timeout toxic does
 * so when it is removed; this fault cannot model a partition that a TCP connection survives.
 */
export function blackhole({ select }: { readonly select: Selector }): Fault<LinkFaultContext> {
  return {
    name: 'blackhole',
    description: blackholeKind.description,
    async inject(context) {
      const { links, harm } = blackholeHarm(context, await context.mesh.flows(select, context.random));
      return injectOnLinks(context, links, harm);
    },
  };
}

export function blackholeHarm(
  context: LinkFaultContext,
  flows: readonly Flow[],
): { links: Link[]; harm: LinkHarm } {
  return toxicHarm(context, flows, { type: 'timeout', attributes: { timeout: 0 } }, ways => ({
    bit: (before, after) =>
      (before.outcome === 'answered' || before.outcome === 'closed') && after.outcome === 'silent',
    // When the requests are lost there are no answers to lose.
    losesOn: link => (ways(link).includes('upstream') ? 'upstream' : 'downstream'),
    showsOn: 'owner',
    deadlineMs: SILENCE_MS,
    biteIs: `${SILENCE_MS} ms of silence where there was an answer before, and bytes counted in but not out`,
  }));
}
