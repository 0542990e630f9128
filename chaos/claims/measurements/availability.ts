/** Reads of every member at a fixed cadence through an outage, asked by clients that may read only there. */
import { AvailabilityProbes } from '../../../bench/load/availability.ts';
import type { MemberAvailability } from '../../../bench/load/availability-track.ts';
import type { Availability, Band, Outcome } from '../../../results/schema.ts';
import type { ActiveFault } from '../../faults/fault.ts';
import { pause } from '../pause.ts';
import type { Cast, Stage } from '../stage.ts';
import type { Suite } from '../suite.ts';
import type { FaultSpan } from './fault-span.ts';
import { beginOutageWrites, recordOutageWrites } from './outage-writes.ts';
import type { WriteLoad } from './throughput.ts';
import { type Occasion, underFault } from './under-fault.ts';

/** Letters of a track's timeline, in the words of results/. Slow is answered all the same. */
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
/** What an outage takes beside the pauses that are asked for, roughly. */
const INJECTION_AND_RECOVERY_MS = 1_500;
/** Share of probes that this process sent late: above it, what they say is about the lab. */
const LATE_SHARE_MAX = 0.05;

export interface Outage {
  readonly faultName: string;
  readonly forMs: number;
  inject(): Promise<ActiveFault>;
}

export async function measureAvailability(
  occasion: Occasion,
  settings: Suite['availability'],
  cast: Cast,
  outage: Outage,
  write: WriteLoad,
): Promise<void> {
  const { stage, condition, round, recorder } = occasion;
  const { everyMs, beforeMs, afterMs, writesPerSecond } = settings;
  const probes = new AvailabilityProbes(targetsOf(stage, cast), {
    path: occasion.path,
    intervalMs: everyMs,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    readOnly: true,
  });
  const expectedMs = beforeMs + outage.forMs + afterMs + INJECTION_AND_RECOVERY_MS;
  const maxMs = expectedMs + CONNECT_MAX_MS + 2 * occasion.recoverMaxMs;
  const endWrites = beginOutageWrites(stage, write, { writesPerSecond, expectedMs, maxMs });
  let writes: Awaited<ReturnType<typeof endWrites>>;
  let tracks: MemberAvailability[] = [];
  const bandMs = { from: 0, to: 0 };
  const reasons: string[] = [];
  let outcome: { voidReasons: readonly string[]; span: FaultSpan };
  try {
    if (!(await probes.allConnected(CONNECT_MAX_MS)))
      reasons.push('unhealthy before the fault: a member gave no session');
    const startMs = probes.start();
    await pause(beforeMs, occasion.signal);
    outcome = await underFault(occasion, outage.faultName, outage.inject, async active => {
      // The injection measures the links first; the fault itself began when it said so.
      bandMs.from = performance.now() - startMs - (Date.now() - active.startedAt);
      await pause(outage.forMs, occasion.signal);
      bandMs.to = performance.now() - startMs;
    });
    await pause(afterMs, occasion.signal);
  } finally {
    [tracks, writes] = await Promise.all([probes.stop(), endWrites()]);
  }
  const { voidReasons, span } = outcome;
  recordOutageWrites(occasion, writes, span, voidReasons);
  const sent = tracks[0]?.probes ?? 0;
  if (probes.lateTicks > sent * LATE_SHARE_MAX)
    reasons.push(`driver saturated: ${probes.lateTicks} of ${sent} probes left late`);
  reasons.push(...voidReasons);
  const band: Band = {
    fault: outage.faultName,
    links: [...span.links],
    on: span.on,
    fromMs: Math.round(bandMs.from),
    toMs: Math.round(bandMs.to),
    proof: span.proof,
  };
  for (const role of ['voter', 'observer'] as const) {
    const members = tracks.filter(track => (track.role === 'observer') === (role === 'observer'));
    if (members.length === 0) continue;
    const place = { metric: `${role}ReadAvailability`, topology: stage.name, condition };
    const percents = members.map(track => answeredIn(track, band));
    const due = percents.every(percent => percent !== undefined);
    if (!due) reasons.push('no probe was due while the fault was in force');
    if (reasons.length > 0) recorder.voided(place, round, reasons.join('; '));
    else recorder.sample(place, round, Math.min(...percents.map(percent => percent!)));
  }
  if (reasons.length === 0)
    recorder.availability.push(...tracks.map(track => availabilityOf(track, occasion, band)));
}

function targetsOf(stage: Stage, { leader }: Cast) {
  return stage.ensemble.members.map(member => ({
    name: member.name,
    ...member.plan.ports.client,
    role: member.plan.role === 'observer' ? 'observer' : member === leader ? 'leader' : 'follower',
  }));
}

/** Share of the probes due while the fault was in force that were answered, 0 to 100; undefined when none was due. */
function answeredIn(
  { timeline, intervalMs }: MemberAvailability,
  { fromMs, toMs }: Band,
): number | undefined {
  const due = [...timeline].filter((_, tick) => tick * intervalMs >= fromMs && tick * intervalMs < toMs);
  const served = due.filter(letter => ['ok', 'stale'].includes(OUTCOME_OF[letter]!));
  return due.length === 0 ? undefined : (served.length / due.length) * 100;
}

function availabilityOf(track: MemberAvailability, at: Occasion, band: Band): Availability {
  const { probes, served = 0, timeline, intervalMs } = track;
  return {
    topology: at.stage.name,
    condition: at.condition,
    role: track.role as Availability['role'],
    member: track.name,
    percent: served * 100,
    probes,
    round: at.round,
    spans: spansOf(timeline, intervalMs),
    bands: [band],
  };
}

/** Runs of probes with one outcome. */
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
