/** What applications see through the clients that they use: gaps, reconnects and sessions that they lose. */
import { FALSE_LOSSES, LONGEST_GAP } from '../../results/names.ts';
import type { Checker } from './checker.ts';
import { type HistoryEvent, isWrite, operationsOf, outcomeOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';
import type { ApplicationRecord, SessionTimeouts } from './run-record.ts';

/** How long applications were without a success is measured; a session that is lost early is an error. */
export const realClients: Checker<'history' | 'applications' | 'sessionTimeouts'> = {
  name: 'real clients',
  description: 'sessions that clients of applications lose before their time; measured: gaps, false losses',
  needs: ['history', 'applications', 'sessionTimeouts'],
  isOptional: true,
  check: ({ history, applications, sessionTimeouts }) =>
    checkRealClients(history, applications, sessionTimeouts),
};

export interface Experience {
  readonly process: number;
  readonly client: string;
  readonly succeeded: number;
  /**
   * The longest time without a success of this client, from its first success to the last of any client.
   * Waiting for a lock does not count.
   */
  readonly longestGapMs: number;
  readonly disconnections: number;
  readonly lost: number;
  /**
   * Sessions lost though all clients together were never without an acknowledged write for as long as the
   * timeout: the ensemble had a quorum again in time, and the application lost its session nevertheless.
   */
  readonly lostFalsely: number;
}

export function checkRealClients(
  history: readonly HistoryEvent[],
  applications: readonly ApplicationRecord[],
  limits: SessionTimeouts,
): Judgement {
  const experiences = experiencesOf(history, applications);
  const reasons = applications.flatMap(application => earlyLosses(history, application, limits));
  const checked = experiences.reduce((sum, { succeeded }) => sum + succeeded, 0);
  const measured = experiences.flatMap(({ client, longestGapMs, lostFalsely }) => [
    { metric: LONGEST_GAP, of: client, value: longestGapMs },
    { metric: FALSE_LOSSES, of: client, value: lostFalsely },
  ]);
  return { ...judge(realClients.name, checked, reasons), notes: experiences.map(experienceText), measured };
}

/** A leader lets no session expire within its timeout of hearing of its client. */
function earlyLosses(
  history: readonly HistoryEvent[],
  { process, client, lostSessions }: ApplicationRecord,
  { timeoutMs, slackMs }: SessionTimeouts,
): string[] {
  return lostSessions.flatMap(({ session, timeMs }) => {
    // A read says nothing: a learner that is cut off from the leader still answers it.
    const heard = operationsOf(history).filter(
      ({ invoke, completion }) =>
        invoke.session === session &&
        isWrite(invoke.f) &&
        completion !== undefined &&
        completion.type === 'ok' &&
        completion.timeMs < timeMs,
    );
    const askedMs = heard.reduce(
      (latest, { invoke }) => Math.max(latest, invoke.timeMs),
      Number.NEGATIVE_INFINITY,
    );
    if (timeMs - askedMs >= timeoutMs - slackMs) return [];
    return [
      `${client} ${process} was told at ${Math.round(timeMs)} ms that its session ${session} is lost, but its write of ${Math.round(askedMs)} ms was acknowledged; its timeout is ${timeoutMs} ms`,
    ];
  });
}

export function experiencesOf(
  history: readonly HistoryEvent[],
  applications: readonly ApplicationRecord[],
): Experience[] {
  const writtenMs = history.filter(({ type, f }) => type === 'ok' && isWrite(f)).map(({ timeMs }) => timeMs);
  const untilMs = history.findLast(({ type }) => type === 'ok')?.timeMs ?? 0;
  return applications.map(({ process, client, timeoutMs, disconnectedMs, lostSessions }) => {
    const successes = operationsOf(history)
      .filter(operation => operation.invoke.process === process && outcomeOf(operation) === 'ok')
      .map(({ invoke, completion }) => {
        const toMs = completion?.timeMs ?? invoke.timeMs;
        return { fromMs: invoke.byRecipe === true ? invoke.timeMs : toMs, toMs };
      });
    const isFalse = ({ timeMs }: { readonly timeMs: number }) => {
      const servedMs = successes.findLast(({ toMs }) => toMs < timeMs)?.toMs ?? 0;
      const within = writtenMs.filter(at => at >= servedMs && at <= timeMs);
      return (
        longest([...within, timeMs].map((at, index) => at - (within[index - 1] ?? servedMs))) < timeoutMs
      );
    };
    return {
      ...{ process, client, succeeded: successes.length, disconnections: disconnectedMs.length },
      longestGapMs: longest(successes.map(({ toMs }, at) => (successes[at + 1]?.fromMs ?? untilMs) - toMs)),
      ...{ lost: lostSessions.length, lostFalsely: lostSessions.filter(isFalse).length },
    };
  });
}

function longest(gapsMs: readonly number[]): number {
  return gapsMs.reduce((a, b) => Math.max(a, b), 0);
}

/** "kazoo 3: 812 successes, longest gap 1204 ms, 2 disconnections, 1 session lost (1 of them falsely)" */
function experienceText(of: Experience): string {
  const lost =
    of.lost === 0 ? 'no session lost' : `${of.lost} sessions lost, ${of.lostFalsely} of them falsely`;
  return `${of.client} ${of.process}: ${of.succeeded} successes, longest gap ${Math.round(of.longestGapMs)} ms, ${of.disconnections} disconnections, ${lost}`;
}
