import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { injectOnLinks } from './parts/link-fault.ts';
import type { LinkHarm } from './parts/link-proof.ts';

const DEADLINE_MS = 2_000;

export const refuseKind: FaultKind<{ readonly select: Selector }> = {
  name: 'refuse',
  description: 'connections break and are refused',
  schema: z.strictObject({ select: selectorSchema }),
  available: needsLinks,
  create: refuse,
  draw(random, shape) {
    const select = drawSelectors(random, shape);
    return select && (own => ({ select: select(own) }));
  },
};

/**
 * Breaks the connections and refuses new ones at once, as when the member's process is gone. Members notice
 * this partition immediately. For a partition that they notice only by a timeout, use a blackhole. @see
 * blackhole
 */
export function refuse({ select }: { readonly select: Selector }): Fault<LinkFaultContext> {
  return {
    name: 'refuse',
    description: refuseKind.description,
    inject: async context =>
      injectOnLinks(context, await context.mesh.select(select, context.random), refuseHarm(context)),
  };
}

export function refuseHarm({ client }: LinkFaultContext): LinkHarm {
  return {
    apply: async ({ name }) => {
      await client.setEnabled(name, false);
      return () => client.setEnabled(name, true);
    },
    bit: (before, after) => before.outcome !== 'refused' && after.outcome === 'refused',
    showsOn: 'proxy',
    deadlineMs: DEADLINE_MS,
    biteIs: 'a refused connection where there was none before',
  };
}
