import { setFlagsFromString } from 'node:v8';

/** 23 days are about what the flag can hold. */
const OWN_REDUCER_DELAY_MS = 2_000_000_000;

/**
 * V8 would return memory itself, by up to three major collections of an idle server. Afterwards it lets the
 * heap grow slowly, for good: under load such a member made five to ten times as many major collections as
 * one that was never idle, for a tenth of its CPU. `quiet-memory.ts` returns the memory instead.
 */
export function holdOffMemoryReducer(): void {
  setFlagsFromString(`--gc-memory-reducer-start-delay-ms=${OWN_REDUCER_DELAY_MS}`);
}
