import { type Fault, type FaultKind, needsLinks } from './fault.ts';
import { drawPackets, type PacketOptions, packetFault, packetSchema } from './parts/packet-fault.ts';

export const packetDropKind: FaultKind<PacketOptions> = {
  name: 'packet-drop',
  description: 'the nth PROPOSAL, ACK, COMMIT, INFORM, NEWLEADER or UPTODATE never arrives',
  schema: packetSchema({}),
  wantsStandIn: true,
  available: needsLinks,
  create: packetDrop,
  draw: drawPackets,
};

/** What TCP never does, and a broken peer or a bug in one does: the rest of the stream arrives. */
export function packetDrop(options: PacketOptions): Fault {
  return packetFault('packet-drop', 'dropped', options, { type: 'packet_drop' });
}
