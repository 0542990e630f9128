import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import { REQUEST_BYTES_MAX, REQUEST_BYTES_MIN } from '../mesh/measure.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { exchangesFor, noFasterThan } from './parts/link-proof.ts';
import { injectToxic } from './parts/toxic-fault.ts';

export interface BandwidthOptions {
  readonly select: Selector;
  /** On each connection, in each selected direction. 1 kB is 1,000 bytes. */
  readonly kilobytesPerS: number;
}

/** At a higher rate the largest request that a proof may send passes too fast to be told from none. */
const KILOBYTES_PER_S_MAX = 200;

export const bandwidthKind: FaultKind<BandwidthOptions> = {
  name: 'bandwidth',
  description: 'each connection passes only so many bytes a second',
  schema: z.strictObject({
    select: selectorSchema,
    kilobytesPerS: z.int().min(1).max(KILOBYTES_PER_S_MAX),
  }),
  available: needsLinks,
  create: bandwidth,
  draw(random, shape) {
    const select = drawSelectors(random, shape, { both: true });
    const most = random.pick([5, 20, 100]);
    return (
      select && (own => ({ select: select(own), kilobytesPerS: Math.ceil(own.between(most / 4, most)) }))
    );
  },
};

const SHOWS_MS = 60;
const ANSWER_ROOM_MS = 5_000;

/**
 * Limits the rate of each connection; several connections have several times the rate. The proof sends a
 * large request, so it shows on links whose dialer is limited. Answers are too small to show anything.
 */
export function bandwidth({ select, kilobytesPerS }: BandwidthOptions): Fault<LinkFaultContext> {
  const bytes = Math.min(REQUEST_BYTES_MAX, Math.max(REQUEST_BYTES_MIN, SHOWS_MS * kilobytesPerS));
  const tookMs = bytes / kilobytesPerS;
  return {
    name: 'bandwidth',
    description: `${kilobytesPerS} kB/s on each connection`,
    inject: context =>
      injectToxic(context, select, { type: 'bandwidth', attributes: { rate: kilobytesPerS } }, ways => ({
        ...noFasterThan(() => tookMs),
        showsOn: 'owner',
        showsOnLink: link => link.kind !== 'election' && ways(link).includes('upstream'),
        asks: { bytes },
        exchanges: exchangesFor(tookMs),
        deadlineMs: 2 * tookMs + ANSWER_ROOM_MS,
        biteIs: `no request of ${bytes} bytes answered within ${Math.floor(tookMs)} ms, where there was one before`,
      })),
  };
}
