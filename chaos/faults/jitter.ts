import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import { quartile } from '../mesh/measure.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { noFasterThan } from './parts/link-proof.ts';
import { injectToxic } from './parts/toxic-fault.ts';

export interface JitterOptions {
  readonly select: Selector;
  /** Bytes are late by a time between 0 and this, uniformly distributed, in each selected direction. */
  readonly spreadMs: number;
}

/** A smaller one is lost in what the machine adds. */
const SPREAD_MIN_MS = 40;

export const jitterKind: FaultKind<JitterOptions> = {
  name: 'jitter',
  description: 'every byte arrives, some at once and some late',
  schema: z.strictObject({ select: selectorSchema, spreadMs: z.int().min(SPREAD_MIN_MS).max(3_600_000) }),
  available: needsLinks,
  create: jitter,
  draw(random, shape) {
    const select = drawSelectors(random, shape, { both: true });
    const mostMs = random.pick([400, 800]);
    return (
      select && (own => ({ select: select(own), spreadMs: Math.round(own.between(mostMs / 2, mostMs)) }))
    );
  },
};

/**
 * Of the spread, by the number of ways that an exchange is delayed on: fewer than a quarter of 24 exchanges
 * are delayed by less, all but three in a thousand times.
 */
const SURE_SHARES = [0, 1 / 12, 1 / 4] as const;
const ANSWER_ROOM_MS = 5_000;

/**
 * Delays bytes by random times, so that the links become uneven: heartbeats bunch and a follower may be ahead
 * of another one and then behind it. Toxiproxy keeps the order of the bytes of a connection.
 */
export function jitter({ select, spreadMs }: JitterOptions): Fault<LinkFaultContext> {
  const halfMs = Math.ceil(spreadMs / 2);
  return {
    name: 'jitter',
    description: `0 to ${spreadMs} ms more on the way`,
    inject: context =>
      injectToxic(
        context,
        select,
        { type: 'latency', attributes: { latency: halfMs, jitter: halfMs } },
        ways => ({
          ...noFasterThan(link => spreadMs * (SURE_SHARES[ways(link).length] ?? 0)),
          measure: quartile,
          exchanges: 1,
          showsOn: 'owner',
          deadlineMs: 2 * spreadMs + ANSWER_ROOM_MS,
          biteIs: `three quarters of all round trips above a twelfth of ${spreadMs} ms, or a quarter when both ways are late, where fewer were before`,
        }),
      ),
  };
}
