import type { Link } from '../mesh/link.ts';
import type { Selector } from '../mesh/select.ts';
import type { LinkFaultContext } from './context.ts';
import type { Fault } from './fault.ts';
import { injectOnLinks } from './link-fault.ts';
import { addToxics, streamsByLink } from './toxic-fault.ts';

export interface LatencyOptions {
  readonly select: Selector;
  /** Added to all bytes from `from` to `to`, each way that is selected. */
  readonly latencyMs: number;
  /** +/-, uniform. @default 0 */
  readonly jitterMs?: number;
}

/** How much of the added delay must show: timers fire late, never early, but a busy machine also slows the "before". */
const SHOWN_SHARE = 0.8;
const ANSWER_ROOM_MS = 5_000;

/** Every byte arrives, later. Does not delay the handshake or the end of a connection. */
export function latency({ select, latencyMs, jitterMs = 0 }: LatencyOptions): Fault<LinkFaultContext> {
  if (!(latencyMs > 0 && jitterMs >= 0 && jitterMs < latencyMs))
    throw new RangeError(`latency of ${latencyMs} +/- ${jitterMs} ms: expected 0 <= jitterMs < latencyMs`);
  const surelyMs = (latencyMs - jitterMs) * SHOWN_SHARE;
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
        bit: (before, after, link) =>
          before.rttMs !== null &&
          after.rttMs !== null &&
          after.rttMs - before.rttMs >= surelyMs * ways(link).length,
        showsOn: 'owner',
        deadlineMs: 2 * (latencyMs + jitterMs) + ANSWER_ROOM_MS,
        biteIs: `a round trip longer by at least ${surelyMs} ms for each way`,
      });
    },
  };
}
