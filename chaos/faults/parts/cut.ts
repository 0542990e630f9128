/** Two ways to cut links, for faults that are about which links are cut, and when. */
import { z } from 'zod';
import type { Flow, Link } from '../../mesh/link.ts';
import { blackholeHarm } from '../blackhole.ts';
import type { LinkFaultContext } from '../context.ts';
import { refuseHarm } from '../refuse.ts';
import type { LinkHarm } from './link-proof.ts';

export const CUTS = ['blackhole', 'refuse'] as const;
export type Cut = (typeof CUTS)[number];

export const cutSchema = z.enum(CUTS).default('blackhole');

/** `refuse` cuts a link whole, whichever of its bytes are meant. */
export function cutHarm(
  context: LinkFaultContext,
  how: Cut,
  flows: readonly Flow[],
): { links: Link[]; harm: LinkHarm } {
  if (how === 'blackhole') return blackholeHarm(context, flows);
  return { links: [...new Set(flows.map(({ link }) => link))], harm: refuseHarm(context) };
}
