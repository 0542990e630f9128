/**
 * Measures something while a fault is in force: the fault is injected, proven and healed, and the ensemble
 * must work again afterwards.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Recorder } from '../../../bench/measure/recorder.ts';
import { NotHealed } from '../../../bench/rounds/not-healed.ts';
import type { EventSink } from '../../../results/events.ts';
import type { ActiveFault, BiteProof, Fault } from '../../faults/fault.ts';
import type { FaultSpan } from '../../faults/nemesis/fault-span.ts';
import { inForce, proofOf } from '../../faults/nemesis/in-force.ts';
import { firstWrite } from '../first-write.ts';
import type { Stage } from '../stage.ts';

export interface MeasurementContext {
  readonly stage: Stage;
  readonly condition: string;
  readonly round: number;
  readonly recorder: Recorder;
  readonly events: EventSink;
  /** Within this time after a heal, all members must serve again and a write must commit. */
  readonly recoverMaxMs: number;
  /** Path of a znode that exists. */
  readonly path: string;
  /** When it is aborted nothing is healed any more, because the whole stage is about to be stopped. */
  readonly signal: AbortSignal;
}

export interface UnderFault<T> {
  readonly value: T;
  /** Why it does not count; empty when it does. */
  readonly voidReasons: readonly string[];
  readonly proof: BiteProof;
  readonly span: FaultSpan;
}

/**
 * Runs `body` while the proof is taken. The fault is always healed, and a write must commit afterwards.
 * @param inject injects the fault; several faults count as one
 * @throws NotHealed
 */
export async function underFault<T>(
  context: MeasurementContext,
  faultName: string,
  inject: () => Promise<ActiveFault>,
  body: (active: ActiveFault) => Promise<T>,
): Promise<UnderFault<T>> {
  const { stage, condition, round, recorder, events, signal } = context;
  const { value, active, proof, span, row } = await inForce(
    {
      fault: faultName,
      inject,
      place: { topology: stage.name, condition, round },
      events,
      shortNames: names => stage.shortNames(names),
      heals: () => !signal.aborted,
    },
    body,
  );
  signal.throwIfAborted();
  recorder.fault(row);
  await recovered(context, active);
  const voidReasons = proof.bit ? [] : [`${faultName} did not bite (${proof.how})`];
  return { value, voidReasons, proof, span };
}

/** On a busy machine a slow moment can look like added latency. A second measurement tells them apart. */
const PROOF_PAUSE_MS = 50;

/**
 * Checks liveness: after every heal a write must commit and all members must serve. The fault must also have
 * stopped biting, or it would distort every later "healthy" round. @throws NotHealed
 */
async function recovered(context: MeasurementContext, fault: ActiveFault): Promise<void> {
  const { stage, condition, round, recorder, recoverMaxMs, path, signal } = context;
  const healedAt = Date.now();
  const voters = stage.ensemble.members.filter(({ plan }) => plan.role === 'participant');
  const wroteAt = await firstWrite(
    voters.map(({ plan }) => plan.ports.client),
    path,
    recoverMaxMs,
    signal,
  );
  signal.throwIfAborted();
  const place = { metric: 'writeAfterHeal', topology: stage.name, condition };
  const lost = (what: string) => {
    recorder.voided(place, round, what);
    return new NotHealed(`${stage.name}, after "${condition}" was healed: ${what}`);
  };
  if (wroteAt === undefined) throw lost(`no write committed within ${recoverMaxMs} ms`);
  try {
    await stage.ensemble.ready(recoverMaxMs);
  } catch (error) {
    throw lost((error as Error).message);
  }
  const bitesUntilMs = performance.now() + recoverMaxMs;
  while ((await proofOf(fault)).bit) {
    signal.throwIfAborted();
    if (performance.now() > bitesUntilMs) throw lost(`the fault still bites after ${recoverMaxMs} ms`);
    await sleep(PROOF_PAUSE_MS);
  }
  recorder.sample(place, round, wroteAt - healedAt);
}

/** Combines several faults into one: either all are injected or none, and all must bite. */
export async function injectAll<C>(faults: readonly Fault<C>[], context: C): Promise<ActiveFault> {
  const injected = await Promise.allSettled(faults.map(fault => fault.inject(context)));
  const active = injected.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
  const heal = async () => {
    const results = await Promise.allSettled(active.map(each => each.heal()));
    const errors = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} faults were not healed`);
  };
  const failed = injected.find(result => result.status === 'rejected');
  if (failed !== undefined) {
    await heal();
    throw failed.reason;
  }
  return {
    startedAt: Math.min(...active.map(({ startedAt }) => startedAt)),
    links: active.flatMap(({ links }) => links),
    heal,
    async proveBite() {
      const proofs = await Promise.all(active.map(each => each.proveBite()));
      return {
        bit: proofs.every(({ bit }) => bit),
        before: Object.assign({}, ...proofs.map(({ before }) => before)),
        after: Object.assign({}, ...proofs.map(({ after }) => after)),
        how: (proofs.find(({ bit }) => !bit) ?? proofs[0])?.how ?? 'nothing was injected',
      };
    },
  };
}
