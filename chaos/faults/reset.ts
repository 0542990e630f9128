import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { injectToxic } from './parts/toxic-fault.ts';

export interface ResetOptions {
  readonly select: Selector;
  /** From the first bytes of a connection to its end. @default 0 */
  readonly afterMs?: number;
}

const AFTER_MAX_MS = 60_000;

export const resetKind: FaultKind<ResetOptions> = {
  name: 'reset',
  description: 'connections are accepted, and end with RST at the first bytes',
  schema: z.strictObject({ select: selectorSchema, afterMs: z.int().min(0).max(AFTER_MAX_MS).default(0) }),
  available: needsLinks,
  create: reset,
  draw(random, shape) {
    const select = drawSelectors(random, shape);
    const mostMs = random.pick([0, 50, 1000]);
    return select && (own => ({ select: select(own), afterMs: own.below(mostMs + 1) }));
  },
};

const ANSWER_ROOM_MS = 5_000;

/**
 * Resets connections some time after their first bytes, which are lost. Those that exist already end too, but
 * without RST, as Toxiproxy does it; each new one is reset.
 */
export function reset({ select, afterMs = 0 }: ResetOptions): Fault<LinkFaultContext> {
  return {
    name: 'reset',
    description: resetKind.description,
    inject: context =>
      injectToxic(context, select, { type: 'reset_peer', attributes: { timeout: afterMs } }, () => ({
        bit: (before, after) => before.rttMs !== null && before.byReset !== true && after.byReset === true,
        exchanges: 1,
        showsOn: 'owner',
        deadlineMs: afterMs + ANSWER_ROOM_MS,
        biteIs: 'a connection that ends with RST where there was an answer or an ordinary end before',
      })),
  };
}
