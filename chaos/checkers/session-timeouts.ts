import { askedChanges, groupedBy } from './asked-changes.ts';
import type { Checker } from './checker.ts';
import { type HistoryEvent, isEphemeral, isWrite, operationsOf, outcomeOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import type { SessionTimeouts } from './run-record.ts';

export const sessionTimeouts: Checker<'history' | 'sessionTimeouts'> = {
  name: 'session timeouts',
  description: 'sessions that expire before their timeout has passed, as their missing ephemerals show',
  needs: ['history', 'sessionTimeouts'],
  isOptional: true,
  check: ({ history, sessionTimeouts: limits }) => checkSessionTimeouts(history, limits),
};

/**
 * Checks that no session expires before its timeout has passed since the leader last heard of its client. An
 * ephemeral that somebody finds gone, and that nobody deleted, shows that its session has ended. It needs no
 * transactions, so it judges real servers, too. `sessions.ts` checks that sessions end at all.
 */
export function checkSessionTimeouts(
  history: readonly HistoryEvent[],
  { timeoutMs, slackMs }: SessionTimeouts,
): Judgement {
  const operations = operationsOf(history);
  const heard = new Map<string, { readonly askedMs: number; readonly answeredMs: number }[]>();
  const closed = new Set<string>();
  for (const operation of operations) {
    const { f, session, timeMs: askedMs } = operation.invoke;
    if (f === 'closeSession') closed.add(session);
    // A read says nothing: a learner that is cut off from the leader still answers it.
    if (!isWrite(f) || outcomeOf(operation) === 'info') continue;
    const proof = { askedMs, answeredMs: operation.completion?.timeMs ?? askedMs };
    const proofs = heard.get(session);
    if (proofs === undefined) heard.set(session, [proof]);
    else proofs.push(proof);
  }
  const owners = ownersOf(history);
  const reasons: string[] = [];
  let checked = 0;
  for (const { type, f, path, value, version, timeMs, zxid = 0, operation, unagreed } of history) {
    if (type !== 'ok' || (f !== 'exists' && f !== 'getData') || unagreed === true) continue;
    if (value !== null || version !== undefined) continue;
    const owner = owners.get(path);
    if (owner === undefined || owner.zxid > zxid || closed.has(owner.session)) continue;
    checked++;
    const last = (heard.get(owner.session) ?? []).findLast(({ answeredMs }) => answeredMs < timeMs);
    if (last === undefined || timeMs - last.askedMs >= timeoutMs - slackMs) continue;
    reasons.push(
      `operation ${operation} found ${path} gone at ${Math.round(timeMs)} ms, but its session ${owner.session} had its write of ${Math.round(last.askedMs)} ms answered; its timeout is ${timeoutMs} ms`,
    );
  }
  return judge(sessionTimeouts.name, checked, reasons);
}

/** Of ephemerals that were created once and that nobody tried to delete. */
function ownersOf(
  history: readonly HistoryEvent[],
): Map<string, { readonly session: string; readonly zxid: number }> {
  const owners = new Map<string, { readonly session: string; readonly zxid: number }>();
  for (const [path, changes] of groupedBy(askedChanges(operationsOf(history)), each => each.path)) {
    const [created, ...more] = changes.filter(({ f, outcome }) => f !== 'setData' && outcome !== 'fail');
    if (created?.f !== 'create' || created.zxid === undefined || more.length > 0) continue;
    if (isEphemeral(created.flags))
      owners.set(path, { session: created.operation.invoke.session, zxid: created.zxid });
  }
  return owners;
}
