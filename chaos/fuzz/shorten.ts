import { shortestFailing } from '../delta-debugging.ts';
import { type BoutOptions, type BoutResult, runBout } from './bout.ts';
import type { Conversation } from './conversation.ts';

const RUNS_MAX = 200;

interface Said {
  readonly round: number;
  readonly conversation: Conversation;
}

/**
 * Shortens a failing bout: first to the conversations that its failure needs, then to the bytes they need.
 *
 * @param failing a result with complaints
 */
export function shortened(failing: BoutResult, options: BoutOptions, runsMax = RUNS_MAX): BoutResult {
  const rounds = failing.rounds.length;
  let best = failing;
  let runs = 0;
  const fails = (said: readonly Said[]): boolean => {
    if (runs++ >= runsMax) return false;
    const again = runBout(failing.seed, { ...options, rounds: byRound(said, rounds) });
    if (again.complaints.length > 0) best = again;
    return again.complaints.length > 0;
  };
  let said = shortestFailing(failing.rounds.flatMap(flat), fails);
  for (let at = 0; at < said.length; at++) {
    const { round, conversation } = said[at]!;
    const withChunks = (chunks: readonly Buffer[]) =>
      said.with(at, { round, conversation: { ...conversation, chunks } });
    const chunks = shortestFailing(conversation.chunks, fewer => fails(withChunks(fewer)));
    said = withChunks(chunks);
  }
  return best;
}

function flat(conversations: readonly Conversation[], round: number): Said[] {
  return conversations.map(conversation => ({ round, conversation }));
}

/** Every round keeps its place, because it begins at its own time. */
function byRound(said: readonly Said[], rounds: number): Conversation[][] {
  return Array.from({ length: rounds }, (_, at) =>
    said.filter(({ round }) => round === at).map(({ conversation }) => conversation),
  );
}
