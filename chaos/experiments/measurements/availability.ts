/** Reads every member at a fixed interval during an outage. Each client is tied to one member. */
import { z } from 'zod';
import { AvailabilityProbes } from '../../../bench/load/availability/availability.ts';
import type { MemberAvailability } from '../../../bench/load/availability/availability-track.ts';
import type { LoadResult } from '../../../bench/load/load-spec.ts';
import type { Availability, Band, Outcome } from '../../../results/schema.ts';
import type { ActiveFault } from '../../faults/fault.ts';
import type { FaultSpan } from '../../faults/nemesis/fault-span.ts';
import { waitMs } from '../../wait.ts';
import type { RoleAssignment, Stage } from '../stage.ts';
import { count, milliseconds } from '../suite.ts';
import { beginOutageWrites, recordOutageWrites } from './outage-writes.ts';
import type { WriteLoad } from './throughput.ts';
import { type MeasurementContext, underFault } from './under-fault.ts';

/** The letters of a track's timeline in the words of results/. A slow answer is still an answer. */
const OUTCOME_OF: Readonly<Record<string, Outcome>> = {
  o: 'ok',
  l: 'ok',
  s: 'stale',
  e: 'error',
  r: 'refused',
  t: 'timeout',
};
const SESSION_TIMEOUT_MS = 4_000;
const CONNECT_MAX_MS = 5_000;
/** Estimate of what an outage takes beside the pauses that the suite asks for. */
const INJECTION_AND_RECOVERY_MS = 1_500;
/** Above this share of late probes, the result says more about the lab than about the servers. */
const LATE_SHARE_MAX = 0.05;

/** The timing of an outage, as a suite gives it. */
export const outageTiming = z.strictObject({
  /** Interval between two reads of a member. */
  everyMs: count,
  beforeMs: milliseconds,
  leaderCutMs: milliseconds,
  quorumLostMs: milliseconds,
  afterMs: milliseconds,
  /** Writes per second to all voters together, open loop, during the outage. */
  writesPerSecond: count,
});

export interface Outage {
  readonly faultName: string;
  readonly forMs: number;
  inject(): Promise<ActiveFault>;
  readonly timing: z.infer<typeof outageTiming>;
  /** The writes that go on during the outage. */
  readonly write: WriteLoad;
}

export async function measureAvailability(
  context: MeasurementContext,
  assignment: RoleAssignment,
  outage: Outage,
): Promise<void> {
  const { tracks, writes, span, band, faultReasons, probeReasons } = await observe(
    context,
    assignment,
    outage,
  );
  recordOutageWrites(context, writes, span, faultReasons);
  recordReads(context, tracks, band, [...probeReasons, ...faultReasons]);
}

interface Observed {
  readonly tracks: readonly MemberAvailability[];
  readonly writes: LoadResult | Error;
  readonly span: FaultSpan;
  /** On the clock of the probes. */
  readonly band: Band;
  /** `faultReasons` void everything; `probeReasons` void only the reads. */
  readonly faultReasons: readonly string[];
  readonly probeReasons: readonly string[];
}

/** Probes all members and writes to the voters, from before the fault until after its heal. */
async function observe(
  context: MeasurementContext,
  assignment: RoleAssignment,
  outage: Outage,
): Promise<Observed> {
  const { stage, signal, recoverMaxMs } = context;
  const { faultName, forMs, timing, write } = outage;
  const { everyMs, beforeMs, afterMs, writesPerSecond } = timing;
  const probes = new AvailabilityProbes(targetsOf(stage, assignment), {
    path: context.path,
    intervalMs: everyMs,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    readOnly: true,
  });
  const expectedMs = beforeMs + forMs + afterMs + INJECTION_AND_RECOVERY_MS;
  const maxMs = expectedMs + CONNECT_MAX_MS + 2 * recoverMaxMs;
  const endWrites = beginOutageWrites(stage, write, { writesPerSecond, expectedMs, maxMs });
  let writes: LoadResult | Error;
  let tracks: MemberAvailability[];
  const bandMs = { fromMs: 0, toMs: 0 };
  const probeReasons: string[] = [];
  let outcome: Awaited<ReturnType<typeof underFault<void>>>;
  try {
    if (!(await probes.allConnected(CONNECT_MAX_MS)))
      probeReasons.push('unhealthy before the fault: a member gave no session');
    const startMs = probes.start();
    await waitMs(beforeMs, signal);
    outcome = await underFault(context, faultName, outage.inject, async active => {
      // The injection measures the links first, so the fault began later, at its own start time.
      bandMs.fromMs = Math.round(performance.now() - startMs - (Date.now() - active.startedAt));
      await waitMs(forMs, signal);
      bandMs.toMs = Math.round(performance.now() - startMs);
    });
    await waitMs(afterMs, signal);
  } finally {
    [tracks, writes] = await Promise.all([probes.stop(), endWrites()]);
  }
  const sent = tracks[0]?.probes ?? 0;
  if (probes.lateTicks > sent * LATE_SHARE_MAX)
    probeReasons.push(`driver saturated: ${probes.lateTicks} of ${sent} probes were sent late`);
  const { voidReasons: faultReasons, span } = outcome;
  const band = { fault: faultName, links: [...span.links], on: span.on, ...bandMs, proof: span.proof };
  return { tracks, writes, span, band, faultReasons, probeReasons };
}

function recordReads(
  context: MeasurementContext,
  tracks: readonly MemberAvailability[],
  band: Band,
  voidReasons: readonly string[],
): void {
  const { stage, condition, round, recorder } = context;
  const reasons = [...voidReasons];
  const percents = tracks.map(track => answeredIn(track, band));
  if (percents.includes(undefined)) reasons.push('no probe was due while the fault was in force');
  for (const role of ['voter', 'observer'] as const) {
    const ofRole = percents.filter(
      (_, index) => (tracks[index]!.role === 'observer') === (role === 'observer'),
    );
    if (ofRole.length === 0) continue;
    const place = { metric: `${role}ReadAvailability`, topology: stage.name, condition };
    if (reasons.length > 0) recorder.voided(place, round, reasons.join('; '));
    else recorder.sample(place, round, Math.min(...ofRole.map(percent => percent!)));
  }
  if (reasons.length === 0) recorder.availability(tracks.map(track => availabilityOf(track, context, band)));
}

function targetsOf(stage: Stage, { leader }: RoleAssignment) {
  return stage.ensemble.members.map(member => ({
    name: member.name,
    ...member.plan.ports.client,
    role: member.plan.role === 'observer' ? 'observer' : member === leader ? 'leader' : 'follower',
  }));
}

/**
 * Share (0 to 100) of the probes due while the fault was in force that were answered; undefined when none was
 * due.
 */
function answeredIn(
  { timeline, intervalMs }: MemberAvailability,
  { fromMs, toMs }: Band,
): number | undefined {
  const due = [...timeline].filter((_, tick) => tick * intervalMs >= fromMs && tick * intervalMs < toMs);
  const served = due.filter(letter => ['ok', 'stale'].includes(OUTCOME_OF[letter]!));
  return due.length === 0 ? undefined : (served.length / due.length) * 100;
}

function availabilityOf(track: MemberAvailability, at: MeasurementContext, band: Band): Availability {
  const { probes, served = 0, timeline, intervalMs } = track;
  return {
    topology: at.stage.name,
    condition: at.condition,
    role: track.role as Availability['role'],
    member: track.name,
    percent: served * 100,
    percentUnderFault: answeredIn(track, band) ?? 0,
    probes,
    round: at.round,
    spans: spansOf(timeline, intervalMs),
    bands: [band],
  };
}

/** Groups consecutive probes with the same outcome. */
function spansOf(timeline: string, intervalMs: number): Availability['spans'] {
  const spans: Availability['spans'] = [];
  for (const [tick, letter] of [...timeline].entries()) {
    const outcome = OUTCOME_OF[letter] ?? 'error';
    const last = spans.at(-1);
    const toMs = (tick + 1) * intervalMs;
    if (last?.outcome === outcome) last.toMs = toMs;
    else spans.push({ fromMs: tick * intervalMs, toMs, outcome });
  }
  return spans;
}
