import type { Checker } from './checker.ts';
import { asksForEphemeral, type HistoryEvent, isWrite, operationsOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import type { ReaderConnection, ReadOnlyLimits, ReadOnlyOutage, ReadOnlyRecord } from './read-only-record.ts';
import type { Transaction } from './transaction.ts';

export const readOnlyObservers: Checker<'history' | 'transactions' | 'readOnly'> = {
  name: 'read-only observers',
  description: 'read-only clients that an observer without a master drops, or serves past its limit',
  needs: ['history', 'transactions', 'readOnly'],
  check: ({ history, transactions, readOnly }) => checkReadOnlyObservers(history, transactions, readOnly),
};

/**
 * Checks what an observer owes its read-only clients while it has no master (rows 003):
 *
 * - no connection of a local session is lost, except when the session expires, the member goes down, a SNAP
 *   or TRUNC replaces the tree, or maxStaleMs is over; and no read fails;
 * - each client is told of the outage once, and once of its end;
 * - nobody reads what is older than maxStaleMs, and nobody is dropped before;
 * - after a SNAP or TRUNC nobody stays, because watches are in the former tree.
 *
 * That nobody reads anything older than before, and that watches fire, is checked of all sessions.
 */
export function checkReadOnlyObservers(
  history: readonly HistoryEvent[],
  transactions: readonly Transaction[],
  record: ReadOnlyRecord,
): Judgement {
  const { connections, outages, limits, areUpgraded } = record;
  const globalSessions = new Set(
    transactions.filter(({ change }) => change.f === 'createSession').map(({ session }) => session),
  );
  // A session whose createSession was lost on the way is not local any more either.
  if (areUpgraded)
    for (const event of history) if (asksForEphemeral(event)) globalSessions.add(event.session);
  const reasons = [
    ...connections
      .filter(({ session }) => !globalSessions.has(session))
      .map(connection => complaintOfLoss(connection, record)),
    ...connections.map(complaintOfStates),
    ...outages.map(outage => complaintOfEnd(outage, limits)),
    ...complaintsOfReads(history, record),
  ].filter(complaint => complaint !== undefined);
  return judge('read-only observers', history.length, reasons);
}

function complaintOfLoss(connection: ReaderConnection, record: ReadOnlyRecord): string | undefined {
  const { process, session, member, fromMs, untilMs, reason, wasWanted } = connection;
  if (reason === null || wasWanted) return undefined;
  const { outages, troubles, expired, limits } = record;
  const { slackMs, sessionTimeoutMs } = limits;
  // Clients of a machine that is gone or paused notice only by its silence.
  const inTrouble = troubles.some(
    trouble =>
      trouble.member === member &&
      trouble.fromMs <= untilMs &&
      untilMs <= trouble.untilMs + sessionTimeoutMs + slackMs,
  );
  const isDropped = outages.some(
    outage =>
      outage.member === member &&
      (outage.end === 'dropped in a sync' || outage.end === 'dropped') &&
      outage.untilMs >= fromMs - slackMs &&
      outage.untilMs <= untilMs &&
      untilMs <= outage.untilMs + slackMs,
  );
  const expiredMs = expired.get(session) ?? Number.POSITIVE_INFINITY;
  if (inTrouble || isDropped || expiredMs <= untilMs) return undefined;
  return `${member} lost the connection of client ${process} (local session ${session}) at ${untilMs} ms: ${reason}`;
}

function complaintOfStates({ process, session, member, states }: ReaderConnection): string | undefined {
  const at = states.findIndex((state, index) => index > 0 && state === states[index - 1]);
  if (at < 0) return undefined;
  return `${member} told client ${process} (session ${session}) twice in a row that it is ${states[at]}`;
}

function complaintOfEnd(
  { member, lastPacketMs, untilMs, end }: ReadOnlyOutage,
  { maxStaleMs, driftMax, slackMs }: ReadOnlyLimits,
): string | undefined {
  if (end === 'kept')
    return `${member} served its clients on, though a SNAP or TRUNC had replaced the tree, at ${untilMs} ms`;
  if (end !== 'dropped') return undefined;
  if (maxStaleMs === 0) return `${member} dropped its clients at ${untilMs} ms for no reason`;
  const ageMs = untilMs - lastPacketMs;
  if (ageMs >= maxStaleMs * (1 - driftMax) - slackMs) return undefined;
  return `${member} dropped its clients at ${untilMs} ms, ${ageMs} ms after it last heard from its master`;
}

function complaintsOfReads(
  history: readonly HistoryEvent[],
  { connections, outages, limits }: ReadOnlyRecord,
): string[] {
  const complaints: string[] = [];
  const byProcess = new Map<number, ReaderConnection[]>();
  for (const connection of connections) {
    const list = byProcess.get(connection.process);
    if (list === undefined) byProcess.set(connection.process, [connection]);
    else list.push(connection);
  }
  for (const { invoke, completion } of operationsOf(history)) {
    if (isWrite(invoke.f) || invoke.f === 'sync' || completion === undefined) continue;
    const connection = byProcess
      .get(invoke.process)
      ?.find(({ fromMs, untilMs }) => fromMs <= invoke.timeMs && completion.timeMs <= untilMs);
    if (connection === undefined) continue;
    const { member } = connection;
    const who = `operation ${invoke.operation} ${invoke.f} ${invoke.path} at ${member}`;
    // A completion without a zxid is not an answer: the connection was lost.
    if (completion.type === 'fail' && completion.zxid !== undefined)
      complaints.push(`${who} failed with ${completion.error}`);
    const ageMs = completion.type === 'ok' ? ageOf(member, invoke, completion, outages) : 0;
    if (limits.maxStaleMs > 0 && ageMs > limits.maxStaleMs * (1 + limits.driftMax) + limits.slackMs)
      complaints.push(`${who} read what was ${ageMs} ms old, and maxStaleMs is ${limits.maxStaleMs}`);
  }
  return complaints;
}

/** The least time between the last packet of the lost master and the answer, which came after the request. */
function ageOf(
  member: string,
  invoke: HistoryEvent,
  completion: HistoryEvent,
  outages: readonly ReadOnlyOutage[],
): number {
  const outage = outages.find(
    ({ member: of, fromMs, untilMs }) =>
      of === member && fromMs <= invoke.timeMs && completion.timeMs <= untilMs,
  );
  return outage === undefined ? 0 : invoke.timeMs - outage.lastPacketMs;
}
