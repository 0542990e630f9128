import { z } from 'zod';
import type { Link } from '../mesh/link.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { injectOnLinks } from './link-fault.ts';
import { addToxics, streamsByLink } from './toxic-fault.ts';

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
  description: 'every byte arrives, later',
  schema: z
    .strictObject({ select: selectorSchema, latencyMs: ms.positive(), jitterMs: ms.nonnegative().default(0) })
    .refine(({ latencyMs, jitterMs }) => jitterMs < latencyMs, { error: 'a jitterMs below latencyMs' }),
  available: needsLinks,
  create: latency,
};

/** Timers fire late but never early. The clocks of two processes may be read a moment apart. */
const GRAIN_MS = 1;
const ANSWER_ROOM_MS = 5_000;

/** Delays every byte, but not the handshake and the end of a connection. */
export function latency({ select, latencyMs, jitterMs = 0 }: LatencyOptions): Fault<LinkFaultContext> {
  if (!(latencyMs > 0 && jitterMs >= 0 && jitterMs < latencyMs))
    throw new RangeError(`latency of ${latencyMs} +/- ${jitterMs} ms: expected 0 <= jitterMs < latencyMs`);
  const surelyMs = latencyMs - jitterMs - GRAIN_MS;
  return {
    name: 'latency',
    description: `${latencyMs} ms +/- ${jitterMs} ms more on the way`,
    async inject(context) {
      const streams = streamsByLink(await context.mesh.flows(select));
      const ways = (link: Link) => streams.get(link) ?? [];
      return injectOnLinks(context, [...streams.keys()], {
        apply: link =>
          addToxics(context, link, ways(link), {
            name: 'fault_latency',
            type: 'latency',
            attributes: { latency: latencyMs, jitter: jitterMs },
          }),
        // No exchange can be faster than the added latency, and a slow machine alone does not make all of
        // them slow.
        telling: ({ rttMs }, link) => rttMs !== null && rttMs < surelyMs * ways(link).length,
        bit(before, after, link) {
          const floorMs = surelyMs * ways(link).length;
          return (
            before.rttMs !== null && after.rttMs !== null && before.rttMs < floorMs && after.rttMs >= floorMs
          );
        },
        showsOn: 'owner',
        deadlineMs: 2 * (latencyMs + jitterMs) + ANSWER_ROOM_MS,
        biteIs: `no round trip below ${surelyMs} ms for each way, where there was one before`,
      });
    },
  };
}
