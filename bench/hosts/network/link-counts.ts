/** How many bytes went over the links of members, from the answer of `ip -json -statistics link show`. */
import { z } from 'zod';

/** Bytes since the network was made. */
export interface LinkBytes {
  readonly sent: number;
  readonly received: number;
}

const bytes = z.object({ bytes: z.number() });
const devices = z.array(z.object({ ifname: z.string(), stats64: z.object({ rx: bytes, tx: bytes }) }));

/**
 * @returns by device. They are the far ends of the members' links: what a device receives, the member has
 * sent
 * @throws Error when the answer is none of ip's
 */
export function linkBytesOf(answer: string): Map<string, LinkBytes> {
  const read = devices.parse(JSON.parse(answer));
  return new Map(
    read.map(({ ifname, stats64: { rx, tx } }) => [ifname, { sent: rx.bytes, received: tx.bytes }]),
  );
}
