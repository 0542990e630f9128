import { z } from 'zod';
import { drawSelectors } from '../mesh/draw-target.ts';
import { REQUEST_BYTES_MAX, REQUEST_BYTES_MIN } from '../mesh/measure.ts';
import type { Selector } from '../mesh/select.ts';
import { selectorSchema } from '../mesh/selector-schema.ts';
import type { LinkFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { exchangesFor, noFasterThan } from './parts/link-proof.ts';
import { injectToxic } from './parts/toxic-fault.ts';

export interface SlicerOptions {
  readonly select: Selector;
  /** Size of a piece, about; pieces are between half and one and a half times as large. */
  readonly pieceBytes: number;
  /** Pause after each piece. */
  readonly pauseMs: number;
}

/** Larger pieces with shorter pauses would not show in the largest request that a proof may send. */
const PIECE_BYTES_MAX = 256;

export const slicerKind: FaultKind<SlicerOptions> = {
  name: 'slicer',
  description: 'bytes arrive in small pieces, with a pause after each',
  schema: z.strictObject({
    select: selectorSchema,
    pieceBytes: z.int().min(2).max(PIECE_BYTES_MAX),
    pauseMs: z.int().min(1).max(1_000),
  }),
  available: needsLinks,
  create: slicer,
  draw(random, shape) {
    const select = drawSelectors(random, shape, { both: true });
    const mostBytes = random.pick([8, 32, 256]);
    // So that heartbeats of some 60 bytes still arrive in time.
    const pauseMs = Math.max(1, Math.floor((random.pick([20, 100]) * mostBytes) / 60));
    return (
      select &&
      (own => ({
        select: select(own),
        pieceBytes: Math.ceil(own.between(mostBytes / 2, mostBytes)),
        pauseMs: Math.ceil(own.between(pauseMs / 2, pauseMs)),
      }))
    );
  },
};

const SHOWS_MS = 40;
const ANSWER_ROOM_MS = 5_000;

/**
 * Cuts what is sent into pieces that arrive apart, so that readers meet frames which begin in one read and
 * end in another. The proof sends a large request, so it shows on links whose dialer is sliced.
 */
export function slicer({ select, pieceBytes, pauseMs }: SlicerOptions): Fault<LinkFaultContext> {
  const variation = Math.floor(pieceBytes / 2);
  const largest = pieceBytes + variation;
  const pieces = 1 + Math.ceil(SHOWS_MS / pauseMs);
  const bytes = Math.min(REQUEST_BYTES_MAX, Math.max(REQUEST_BYTES_MIN, largest * pieces));
  const tookMs = (Math.ceil(bytes / largest) - 1) * pauseMs;
  return {
    name: 'slicer',
    description: `pieces of about ${pieceBytes} bytes, ${pauseMs} ms apart`,
    inject: context =>
      injectToxic(
        context,
        select,
        {
          type: 'slicer',
          attributes: { average_size: pieceBytes, size_variation: variation, delay: pauseMs * 1000 },
        },
        ways => ({
          ...noFasterThan(() => tookMs),
          showsOn: 'owner',
          showsOnLink: link => link.kind !== 'election' && ways(link).includes('upstream'),
          asks: { bytes },
          exchanges: exchangesFor(tookMs),
          deadlineMs: 4 * tookMs + ANSWER_ROOM_MS,
          biteIs: `no request of ${bytes} bytes answered within ${tookMs} ms, where there was one before`,
        }),
      ),
  };
}
