import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { injectToxic } from './parts/toxic-fault.ts';

export interface TimeoutOptions {
  readonly select: Selector;
  /** A connection ends when nothing was sent on it for so long. */
  readonly afterMs: number;
}

export const timeoutKind: FaultKind<TimeoutOptions> = {
  name: 'timeout',
  description: 'bytes vanish, and quiet connections end after a time',
  schema: z.strictObject({ select: selectorSchema, afterMs: z.int().min(20).max(3_600_000) }),
  available: needsLinks,
  create: timeout,
  draw(random, shape) {
    const select = drawSelectors(random, shape, { both: true });
    const mostMs = random.pick([100, 1000]);
    return select && (own => ({ select: select(own), afterMs: Math.round(own.between(mostMs / 2, mostMs)) }));
  },
};

const ANSWER_ROOM_MS = 5_000;

/**
 * Drops the bytes, as a blackhole, and ends each connection once its sender has been quiet for a time, as a
 * firewall that forgets connections.
 */
export function timeout({ select, afterMs }: TimeoutOptions): Fault<LinkFaultContext> {
  // Toxiproxy counts from when it has accepted, which the dialer may notice late.
  const surelyMs = afterMs / 2;
  return {
    name: 'timeout',
    description: `bytes vanish, and connections end after ${afterMs} ms`,
    inject: context =>
      injectToxic(context, select, { type: 'timeout', attributes: { timeout: afterMs } }, ways => ({
        telling: ({ rttMs }) => rttMs !== null && rttMs < surelyMs,
        bit: (before, after) =>
          before.rttMs !== null &&
          before.rttMs < surelyMs &&
          after.outcome === 'closed' &&
          after.rttMs! >= surelyMs,
        exchanges: 1,
        losesOn: link => (ways(link).includes('upstream') ? 'upstream' : 'downstream'),
        showsOn: 'owner',
        deadlineMs: 2 * afterMs + ANSWER_ROOM_MS,
        biteIs: `an end without an answer after ${surelyMs} ms or more, where there was an answer before, and bytes counted in but not out`,
      })),
  };
}
