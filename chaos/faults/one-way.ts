import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import { blackhole } from './blackhole.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';

type OneWay = Omit<Selector, 'both'>;

export const oneWayKind: FaultKind<{ readonly select: OneWay }> = {
  name: 'one-way',
  description: 'one side no longer hears the other, which still hears it',
  schema: z
    .strictObject({ select: selectorSchema })
    .refine(({ select }) => !select.both, { error: 'a select without both', path: ['select', 'both'] }),
  available: needsLinks,
  create: oneWay,
  draw(random, shape) {
    const select = drawSelectors(random, shape);
    return select && (own => ({ select: { ...select(own), both: false } }));
  },
};

/**
 * Drops the bytes from `from` to `to`, on connections that either side dialed. What travels back still
 * arrives, so the side that is not heard believes that all is well until its own timeouts.
 */
export function oneWay({ select }: { readonly select: OneWay }): Fault<LinkFaultContext> {
  return {
    ...blackhole({ select: { ...select, both: false } }),
    name: 'one-way',
    description: oneWayKind.description,
  };
}
