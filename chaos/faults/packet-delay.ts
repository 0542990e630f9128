import { z } from 'zod';
import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { drawPackets, type PacketOptions, packetFault, packetSchema } from './parts/packet-fault.ts';

export interface PacketDelayOptions extends PacketOptions {
  readonly delayMs: number;
}

const DELAY_MS_MAX = 3_600_000;

export const packetDelayKind: FaultKind<PacketDelayOptions> = {
  name: 'packet-delay',
  description:
    'the nth PROPOSAL, ACK, COMMIT, INFORM, NEWLEADER or UPTODATE arrives late, and the rest behind it',
  schema: packetSchema({ delayMs: z.int().min(1).max(DELAY_MS_MAX) }),
  wantsStandIn: true,
  available: needsLinks,
  create: packetDelay,
  draw(random, shape) {
    const packets = drawPackets(random, shape);
    const most = random.pick([50, 1_000, 10_000]);
    return packets && (own => ({ ...packets(own), delayMs: 1 + own.below(most) }));
  },
};

/** Everything behind the packet waits too, because TCP keeps the order. */
export function packetDelay({ delayMs, ...options }: PacketDelayOptions): Fault {
  return packetFault('packet-delay', `delayed by ${delayMs} ms`, options, {
    type: 'packet_delay',
    attributes: { delay: delayMs },
  });
}
