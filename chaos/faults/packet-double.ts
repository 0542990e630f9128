import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { drawPackets, type PacketOptions, packetFault, packetSchema } from './parts/packet-fault.ts';

export const packetDoubleKind: FaultKind<PacketOptions> = {
  name: 'packet-double',
  description: 'the nth PROPOSAL, ACK, COMMIT, INFORM, NEWLEADER or UPTODATE arrives twice',
  schema: packetSchema({}),
  wantsStandIn: true,
  available: needsLinks,
  create: packetDouble,
  draw: drawPackets,
};

export function packetDouble(options: PacketOptions): Fault {
  return packetFault('packet-double', 'doubled', options, { type: 'packet_double' });
}
