import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { exchangesFor, noFasterThan } from './parts/link-proof.ts';
import { injectToxic } from './parts/toxic-fault.ts';

export interface LatencyOptions {
  readonly select: Selector;
  /** Added to all bytes from `from` to `to`, in each selected direction. */
  readonly latencyMs: number;
  /** +/- this, uniformly distributed. @default 0 */
  readonly jitterMs?: number;
}

const ms = z.number().max(3_600_000);

export const latencyKind: FaultKind<LatencyOptions> = {
  name: 'latency',
  description: 'every byte arrives late',
  schema: z
    .strictObject({ select: selectorSchema, latencyMs: ms.positive(), jitterMs: ms.nonnegative().default(0) })
    .refine(({ latencyMs, jitterMs }) => jitterMs < latencyMs, { error: 'a jitterMs below latencyMs' }),
  available: needsLinks,
  create: latency,
  draw(random, shape) {
    const select = drawSelectors(random, shape);
    const mostMs = random.pick([40, 100, 400, 1000]);
    const jitterShare = random.pick([0, 0.3]);
    return (
      select &&
      (own => {
        const latencyMs = Math.round(own.between(mostMs / 2, mostMs));
        return { select: select(own), latencyMs, jitterMs: Math.floor(latencyMs * jitterShare) };
      })
    );
  },
};

const ANSWER_ROOM_MS = 5_000;

/** Delays every byte, but not the handshake and the end of a connection. */
export function latency({ select, latencyMs, jitterMs = 0 }: LatencyOptions): Fault<LinkFaultContext> {
  if (!(latencyMs > 0 && jitterMs >= 0 && jitterMs < latencyMs))
    throw new RangeError(`latency of ${latencyMs} +/- ${jitterMs} ms: expected 0 <= jitterMs < latencyMs`);
  const surelyMs = latencyMs - jitterMs;
  return {
    name: 'latency',
    description: `${latencyMs} ms +/- ${jitterMs} ms more on the way`,
    inject: context =>
      injectToxic(
        context,
        select,
        { type: 'latency', attributes: { latency: latencyMs, jitter: jitterMs } },
        ways => ({
          ...noFasterThan(link => surelyMs * ways(link).length),
          exchanges: exchangesFor(surelyMs),
          showsOn: 'owner',
          deadlineMs: 2 * (latencyMs + jitterMs) + ANSWER_ROOM_MS,
          biteIs: `no round trip below ${surelyMs} ms for each way, where there was one before`,
        }),
      ),
  };
}
