import { DelayLine } from '../delay-line.ts';
import type { ToxicType } from '../stage.ts';

/** The queue length of Toxiproxy's own latency toxic. */
const CHUNKS_MAX = 1024;
/** Bytes in flight: 4 MiB lets 40 MB/s through a delay of 100 ms. */
const BYTES_MAX = 4 * 1024 * 1024;

/**
 * Delays every chunk by `latency` +/- `jitter` ms. The order is kept, and the end of the stream is delayed
 * too.
 */
export const latency: ToxicType<'latency' | 'jitter'> = {
  type: 'latency',
  attributes: ['latency', 'jitter'],
  stage(attributes, out, context) {
    const line = new DelayLine(out, context);
    const delayMs = () => {
      const { latency, jitter } = attributes;
      return jitter > 0 ? latency + context.random.below(jitter * 2) - jitter : latency;
    };
    return {
      push: chunk => line.add(chunk, chunk.atMs + delayMs()),
      end: () => line.add(undefined, context.nowMs()),
      run: () => line.reschedule(chunk => (chunk === undefined ? context.nowMs() : chunk.atMs + delayMs())),
      release: () => line.flush(),
      discard: () => line.clear(),
      hasRoom: () => line.chunks < CHUNKS_MAX && line.bytes < BYTES_MAX,
    };
  },
};
