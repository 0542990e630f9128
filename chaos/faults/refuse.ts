import { z } from 'zod';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { injectOnLinks } from './link-fault.ts';

const DEADLINE_MS = 2_000;

export const refuseKind: FaultKind<{ readonly select: Selector }> = {
  name: 'refuse',
  description: 'connections break and are refused',
  schema: z.strictObject({ select: selectorSchema }),
  available: needsLinks,
  create: refuse,
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
    async inject(context) {
      const { client, mesh } = context;
      return injectOnLinks(context, await mesh.select(select), {
        apply: async ({ name }) => {
          await client.setEnabled(name, false);
          return () => client.setEnabled(name, true);
        },
        bit: (before, after) => before.outcome !== 'refused' && after.outcome === 'refused',
        showsOn: 'proxy',
        deadlineMs: DEADLINE_MS,
        biteIs: 'a refused connection where there was none before',
      });
    },
  };
}
