/**
 * Toxics of the stand-in alone, which know the packets between a learner and its master. Each acts on the
 * `nth` packet of type `packet` of each connection, counted while the toxic is on it.
 */
import { DelayLine } from '../delay-line.ts';
import { PacketScanner } from '../packet-scanner.ts';
import type { Sink, StageContext, ToxicStage, ToxicType } from '../stage.ts';

const BYTES_MAX = 4 * 1024 * 1024;
/** A larger packet is not doubled. */
const COPY_BYTES_MAX = 1024 * 1024;

type Act = 'drop' | 'delay' | 'double';

type PacketAttributes = Readonly<Record<'packet' | 'nth', number>>;

/** The packet never arrives. */
export const packetDrop: ToxicType<'packet' | 'nth'> = {
  type: 'packet_drop',
  attributes: ['packet', 'nth'],
  stage: (attributes, out, context) => packetStage('drop', attributes, () => 0, out, context),
};

/** The packet, and everything behind it, arrives `delay` ms later. */
export const packetDelay: ToxicType<'packet' | 'nth' | 'delay'> = {
  type: 'packet_delay',
  attributes: ['packet', 'nth', 'delay'],
  stage: (attributes, out, context) => packetStage('delay', attributes, () => attributes.delay, out, context),
};

/** The packet arrives twice. */
export const packetDouble: ToxicType<'packet' | 'nth'> = {
  type: 'packet_double',
  attributes: ['packet', 'nth'],
  stage: (attributes, out, context) => packetStage('double', attributes, () => 0, out, context),
};

function packetStage(
  act: Act,
  attributes: PacketAttributes,
  delayMs: () => number,
  out: Sink,
  context: StageContext,
): ToxicStage {
  const line = new DelayLine(out, context);
  const scanner = new PacketScanner();
  let seen = 0;
  let isHit = false;
  let copied: Buffer[] = [];
  let copiedBytes = 0;
  const send = (data: Buffer, atMs: number, lateMs = 0) => {
    if (data.length > 0) line.add({ data, atMs }, context.nowMs() + lateMs);
  };
  const copy = (data: Buffer) => {
    copiedBytes += data.length;
    if (copiedBytes <= COPY_BYTES_MAX) copied.push(data);
  };
  /** What follows the packet once it has passed. */
  const behind = (): Buffer => {
    const again = copiedBytes <= COPY_BYTES_MAX ? Buffer.concat(copied) : Buffer.alloc(0);
    copied = [];
    copiedBytes = 0;
    return again;
  };
  return {
    push({ data, atMs }) {
      const { bytes, pieces } = scanner.scan(data);
      let from = 0;
      for (const piece of pieces) {
        // The stream is no longer understood: nobody knows where the packet ends.
        if (piece.type === undefined) isHit = false;
        if (piece.starts && piece.type === attributes.packet) {
          seen += 1;
          isHit = seen === attributes.nth;
          if (isHit) {
            context.packetHit();
            send(bytes.subarray(from, piece.from), atMs);
            from = piece.from;
          }
        }
        if (!isHit) continue;
        const part = bytes.subarray(from, piece.to);
        from = piece.to;
        if (act !== 'drop') send(part, atMs, piece.starts && act === 'delay' ? delayMs() : 0);
        if (act === 'double') copy(part);
        if (piece.ends) {
          send(behind(), atMs);
          isHit = false;
        }
      }
      send(bytes.subarray(from, pieces.at(-1)?.to ?? 0), atMs);
    },
    end: () => line.add(undefined, context.nowMs()),
    run: () => {},
    release() {
      line.flush();
      const rest = scanner.rest();
      if (rest.length > 0) out.push({ data: rest, atMs: context.nowMs() });
      // Half a packet can be neither dropped nor repeated.
      if (isHit && act !== 'delay') out.end();
    },
    discard: () => line.clear(),
    hasRoom: () => line.bytes < BYTES_MAX,
  };
}
