/** A sink of a commit stream for measurements: it takes every message, and keeps none. */
import type { CreateSink } from '../../../server/sinks/sink.ts';

export const createSink: CreateSink = () => {
  let last: number | null = null;
  return {
    open: async () => {},
    position: async () => last,
    send: async messages => {
      last = messages.at(-1)?.zxid ?? last;
    },
    close: async () => {},
  };
};
