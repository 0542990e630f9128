import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { exchangesFor, noFasterThan } from './parts/link-proof.ts';
import { injectToxic } from './parts/toxic-fault.ts';

export interface SlowCloseOptions {
  readonly select: Selector;
  /** In each selected direction. */
  readonly delayMs: number;
}

export const slowCloseKind: FaultKind<SlowCloseOptions> = {
  name: 'slow-close',
  description: 'bytes arrive at once, and the end of a connection late',
  schema: z.strictObject({ select: selectorSchema, delayMs: z.int().min(20).max(3_600_000) }),
  available: needsLinks,
  create: slowClose,
  draw(random, shape) {
    const select = drawSelectors(random, shape);
    const mostMs = random.pick([100, 1000]);
    return select && (own => ({ select: select(own), delayMs: Math.round(own.between(mostMs / 2, mostMs)) }));
  },
};

const ANSWER_ROOM_MS = 5_000;

/**
 * Keeps connections open for a while after one side has ended them, as a peer that is slow to close. Members
 * then have a new connection while the old one still seems to live.
 */
export function slowClose({ select, delayMs }: SlowCloseOptions): Fault<LinkFaultContext> {
  return {
    name: 'slow-close',
    description: `the end of a connection takes ${delayMs} ms`,
    inject: context =>
      injectToxic(context, select, { type: 'slow_close', attributes: { delay: delayMs } }, ways => ({
        ...noFasterThan(link => delayMs * ways(link).length),
        asks: { end: true },
        exchanges: exchangesFor(delayMs),
        showsOn: 'owner',
        deadlineMs: 2 * delayMs + ANSWER_ROOM_MS,
        biteIs: `no end within ${delayMs} ms for each way of a connection that was ended, where there was one before`,
      })),
  };
}
