import type { Checker } from './checker.ts';
import { type HistoryEvent, isWrite, operationsOf, outcomeOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import type { SessionLimits } from './run-record.ts';
import { ModelTree, type Transaction } from './transaction.ts';

export const sessions: Checker<'history' | 'transactions' | 'sessionLimits'> = {
  name: 'sessions',
  description: 'sessions that expire while heard from, or never; ephemerals that outlive theirs',
  needs: ['history', 'transactions', 'sessionLimits'],
  check: ({ history, transactions, sessionLimits }) => checkSessions(history, transactions, sessionLimits),
};

/**
 * Checks when sessions end: when the client closes them, or one timeout after the server last heard from the
 * client. Answered writes show a session that ended too early; the end of the run shows one that ended too
 * late. Its ephemerals are deleted with it, and it creates nothing afterwards.
 */
export function checkSessions(
  history: readonly HistoryEvent[],
  transactions: readonly Transaction[],
  limits: SessionLimits,
): Judgement {
  const reasons: string[] = [];
  const model = new ModelTree();
  const proofs = proofsOfLife(history);
  const closeAsked = new Set(
    history.filter(event => event.f === 'closeSession').map(({ session }) => session),
  );
  let checked = 0;
  for (const transaction of transactions) {
    const { session, timeMs, change } = transaction;
    const isOpen = model.openSessions.has(session);
    model.apply(transaction);
    if (change.f !== 'closeSession' || !isOpen || closeAsked.has(session)) continue;
    checked++;
    const last = (proofs.get(session) ?? []).findLast(({ answeredMs }) => answeredMs < timeMs);
    if (last === undefined || timeMs - last.askedMs >= limits.timeoutMs - limits.slackMs) continue;
    reasons.push(
      `session ${session} expired at ${timeMs} ms, but its write of ${last.askedMs} ms was answered`,
    );
  }
  for (const session of model.openSessions.keys()) {
    checked++;
    if (!limits.alive.has(session)) reasons.push(`session ${session} never ended, but its client is gone`);
  }
  for (const [path, { owner }] of model.nodes) {
    checked++;
    if (owner !== undefined && !model.openSessions.has(owner))
      reasons.push(`${path} still exists, but its session ${owner} is closed`);
  }
  return judge('sessions', checked, reasons);
}

function proofsOfLife(
  history: readonly HistoryEvent[],
): Map<string, { askedMs: number; answeredMs: number }[]> {
  const proofs = new Map<string, { askedMs: number; answeredMs: number }[]>();
  for (const operation of operationsOf(history)) {
    const { invoke, completion } = operation;
    if (!isWrite(invoke.f) || outcomeOf(operation) === 'info' || completion === undefined) continue;
    const proof = { askedMs: invoke.timeMs, answeredMs: completion.timeMs };
    const list = proofs.get(invoke.session);
    if (list === undefined) proofs.set(invoke.session, [proof]);
    else list.push(proof);
  }
  return proofs;
}
