import { setImmediate } from 'node:timers/promises';
import { type BoutOptions, type BoutResult, runBout } from './bout.ts';
import { keepFailure } from './kept-failure.ts';
import { shortened } from './shorten.ts';

export interface FuzzOptions extends BoutOptions {
  /** Bouts are run until so many frames have been sent. */
  readonly frames: number;
  /** Seed of the first bout. The next bouts use the next seeds. */
  readonly first: number;
  /** Folder in which failures are kept. */
  readonly folder: string;
  /**
   * Limit for one turn, in ms of the wall clock. A turn that exceeds it each time it is replayed is a
   * failure. Undefined: turns are not timed, as in a test.
   */
  readonly turnMsMax?: number;
  readonly signal?: AbortSignal;
  readonly onBout?: (bout: BoutResult, framesSoFar: number) => void;
}

export interface FuzzSummary {
  readonly bouts: number;
  readonly frames: number;
  readonly answers: number;
  readonly slowestTurns: BoutResult['slowestTurns'];
  readonly longestTurn: { readonly ms: number; readonly seed: number };
  readonly failed: readonly { readonly seed: number; readonly complaint: string; readonly file: string }[];
}

/** A busy machine may make one turn long, but not the same turn three times. */
const TIMED_AGAIN = 2;

/** Runs bouts one after the other, giving the event loop a turn between them. */
export async function fuzz(options: FuzzOptions): Promise<FuzzSummary> {
  const failed: { seed: number; complaint: string; file: string }[] = [];
  const slowestTurns = { read: 0, write: 0 };
  let longestTurn = { ms: 0, seed: options.first };
  let [bouts, frames, answers] = [0, 0, 0];
  for (let seed = options.first; frames < options.frames && !options.signal?.aborted; seed++) {
    const bout = timed(runBout(seed, options), options);
    bouts++;
    frames += bout.frames;
    answers += bout.answers;
    for (const kind of ['read', 'write'] as const)
      slowestTurns[kind] = Math.max(slowestTurns[kind], bout.slowestTurns[kind]);
    if (bout.longestTurnMs > longestTurn.ms) longestTurn = { ms: bout.longestTurnMs, seed };
    if (bout.complaints.length > 0) {
      const kept = runBout(seed, options).complaints.length > 0 ? shortened(bout, options) : bout;
      failed.push({ seed, complaint: bout.complaints[0]!, file: keepFailure(options.folder, kept) });
    }
    options.onBout?.(bout, frames);
    await setImmediate();
  }
  return { bouts, frames, answers, slowestTurns, longestTurn, failed };
}

/** Times the bout again, keeps the shortest of the measurements, and complains when even that is too long. */
function timed(bout: BoutResult, options: FuzzOptions): BoutResult {
  const { turnMsMax } = options;
  if (turnMsMax === undefined || bout.longestTurnMs <= turnMsMax) return bout;
  let longestTurnMs = bout.longestTurnMs;
  for (let again = 0; again < TIMED_AGAIN && longestTurnMs > turnMsMax; again++)
    longestTurnMs = Math.min(longestTurnMs, runBout(bout.seed, options).longestTurnMs);
  if (longestTurnMs <= turnMsMax) return { ...bout, longestTurnMs };
  const complaint = `a turn took ${Math.round(longestTurnMs)} ms each time it was played; at most ${turnMsMax} are accepted`;
  return { ...bout, longestTurnMs, complaints: [...bout.complaints, complaint] };
}
