/**
 * Kills the leader while many sink observers are connected, each of which then takes a whole snapshot, and
 * measures how long it takes until all of them serve.
 */
import { type MachineTicks, machineUse } from '../../../bench/hosts/machine-cpu.ts';
import type { MemberNetwork } from '../../../bench/hosts/network/member-network.ts';
import { Sinks, type SinkWay } from '../../../bench/sinks/sinks.ts';
import { fourLetterWord, parseSrvr } from '../../../bench/topology/four-letter.ts';
import type { Member } from '../../../bench/topology/member.ts';
import { HUNDREDS_MIN, type StormSize } from '../../../results/names.ts';
import { kill } from '../../faults/kill.ts';
import { firstWrite } from '../first-write.ts';
import { linkUse, offTheLimit, underTheLimit } from '../link-proof.ts';
import type { RoleAssignment, Stage } from '../stage.ts';
import { whileWatching } from './serving-watch.ts';
import { syncOf } from './sync-time.ts';
import { type MeasurementContext, type UnderFault, underFault } from './under-fault.ts';

export interface StormLimits {
  readonly servingMaxMs: number;
  readonly everyMs: number;
}

/** What a storm was, from the kill to the last observer. */
interface Storm {
  /** Ms since 1970. */
  readonly lostAt: number;
  readonly wroteAt: number | undefined;
  /** How each sink came to serve; some are missing if there was not enough time. */
  readonly ways: readonly SinkWay[];
  /** Bytes that each member has sent meanwhile. */
  readonly sent: ReadonlyMap<string, number>;
  /** Members whose links had no limit at its end. */
  readonly unlimited: readonly string[];
  /** The idle share of the machine meanwhile. */
  readonly idle: number | undefined;
  readonly late: string | undefined;
}

/** @throws Error when the sinks do not serve even before the leader is lost */
export async function measureStorm(
  context: MeasurementContext,
  size: StormSize,
  limits: StormLimits,
): Promise<void> {
  const { servingMaxMs, everyMs } = limits;
  const { stage, round, recorder, signal } = context;
  const { network } = stage.ensemble.plan;
  if (network === undefined) throw new TypeError(`${stage.name} has no network, so no link can be the bound`);
  const assignment = await stage.assignRoles();
  const sinks = await Sinks.start({
    count: size.sinks,
    masters: mastersOf(stage, assignment),
    // They come level with the leader, so that only the storm sends snapshots.
    zxid: await zxidOf(assignment.leader),
    forgets: true,
    beside: command => network.beside(command),
  });
  try {
    await sinks.untilServing(servingMaxMs, signal);
    const watch = { everyMs, maxMs: servingMaxMs, signal };
    await whileWatching(assignment.observers, watch, async watches => {
      const { value: storm, voidReasons } = await leaderKilled(
        context,
        assignment,
        { network, sinks },
        limits,
      );
      record(context, size, storm, voidReasons, servingMaxMs);
      const served = await Promise.all(watches);
      for (const [index, { name }] of assignment.observers.entries()) {
        const back = served[index];
        if (back !== undefined)
          recorder.sync(syncOf(context, assignment.observers[index]!, storm.lostAt, back));
        else recorder.remarks.push(`round ${round + 1}: ${name} did not serve again in ${servingMaxMs} ms`);
      }
      for (const way of shownOf(storm.ways)) recorder.sync(sinkSync(context, storm.lostAt, way));
    });
  } finally {
    await sinks.stop();
  }
}

async function leaderKilled(
  context: MeasurementContext,
  { leader }: RoleAssignment,
  { network, sinks }: { readonly network: MemberNetwork; readonly sinks: Sinks },
  { servingMaxMs }: StormLimits,
): Promise<UnderFault<Storm>> {
  const { stage, path, signal } = context;
  const bytesBefore = await network.bytes();
  const voters = stage.ensemble.members.filter(
    member => member !== leader && member.plan.role === 'participant',
  );
  const ports = voters.map(({ plan }) => plan.ports.client);
  return underFault(
    context,
    'kill',
    () => kill({ target: { name: leader.name } }).inject(stage.processFaults),
    async ({ startedAt: lostAt }): Promise<Storm> => {
      let ticks: MachineTicks | null = null;
      const wrote = firstWrite(ports, path, servingMaxMs, signal).finally(() => {
        // Whoever elects a leader leaves the cores alone, and would hide what sending snapshots does to them.
        ticks = leader.host.machineTicks();
      });
      const back = sinks.untilBack(lostAt, servingMaxMs, signal).then(
        () => undefined,
        (error: Error) => error.message,
      );
      const [wroteAt, late] = await Promise.all([wrote, back]);
      const idle = machineUse(ticks, leader.host.machineTicks())?.idle;
      const [bytes, unlimited] = await Promise.all([network.bytes(), network.unlimited()]);
      const sent = new Map(
        [...bytes].map(([name, { sent }]) => [name, sent - (bytesBefore.get(name)?.sent ?? 0)]),
      );
      const ways = (await sinks.ways()).filter(({ servingAtMs }) => servingAtMs > lostAt);
      return { lostAt, wroteAt, ways, sent, unlimited, idle, late };
    },
  );
}

function record(
  { stage, condition, round, recorder }: MeasurementContext,
  size: StormSize,
  { lostAt, wroteAt, ways, sent, unlimited, idle, late }: Storm,
  faultReasons: readonly string[],
  servingMaxMs: number,
): void {
  const served = ways.map(({ servingAtMs }) => servingAtMs).sort((a, b) => a - b);
  const sendingMs = (served.at(-1) ?? 0) - Math.min(...ways.map(({ chosenAtMs }) => chosenAtMs));
  const use = busiestUse(stage, sent, sendingMs);
  const kept = ways.filter(({ mode }) => mode !== 'SNAP').length;
  const reasons = [
    ...faultReasons,
    // Late observers are a counter-example, whatever the link did.
    ...(late === undefined ? offTheLimit({ use, unlimited, idle }, size.sinks >= HUNDREDS_MIN) : []),
    ...(kept > 0 ? [`${kept} of ${ways.length} observers took no snapshot`] : []),
    ...(wroteAt === undefined ? ['no write committed, so there is no moment to count from'] : []),
  ];
  const at = (metric: string) => ({ metric, topology: stage.name, condition });
  const sample = (metric: string, value: number) => {
    if (reasons.length > 0) recorder.voided(at(metric), round, reasons.join('; '));
    else recorder.sample(at(metric), round, value);
  };
  const from = wroteAt ?? lostAt;
  const whole = late === undefined;
  sample('stormLastLearnerMs', whole ? served.at(-1)! - from : servingMaxMs);
  sample('stormMedianLearnerMs', (served[Math.floor(size.sinks / 2)] ?? lostAt + servingMaxMs) - from);
  sample('syncFirstWriteMs', from - lostAt);
  sample('stormLinkUse', use * 100);
  const slow = size.sinks >= HUNDREDS_MIN ? underTheLimit(use) : undefined;
  for (const warning of [late, slow])
    if (warning !== undefined) recorder.warned(at('stormLastLearnerMs'), round, warning);
}

/** The share of its bandwidth that the busiest member has used. */
function busiestUse({ ensemble }: Stage, sent: ReadonlyMap<string, number>, ms: number): number {
  const uses = ensemble.members.flatMap(({ name, plan: { bandwidth } }) =>
    bandwidth === undefined ? [] : [linkUse(sent.get(name) ?? 0, bandwidth, ms)],
  );
  return Math.max(...uses);
}

/**
 * Without masters, all voters, of which only the leader listens. With masters, the followers of the next
 * leader, which observers ask first; the voter with the highest id will be the leader, as all are level.
 */
function mastersOf({ ensemble, topology }: Stage, { leader }: RoleAssignment) {
  const voters = ensemble.members.filter(({ plan }) => plan.role === 'participant');
  if (!topology.observerMasters) return voters.map(({ plan }) => plan.ports.quorum);
  const left = voters.filter(member => member !== leader).sort((a, b) => a.plan.sid - b.plan.sid);
  return left.slice(0, -1).map(({ plan }) => plan.ports.observerMaster);
}

async function zxidOf({ name, plan }: Member): Promise<number> {
  const zxid = Number(parseSrvr(await fourLetterWord(plan.ports.client, 'srvr'))?.zxid);
  if (!Number.isSafeInteger(zxid)) throw new Error(`${name} does not say how far it is`);
  return zxid;
}

/** In a waterfall. Hundreds would have no names in it, and would fill the result. */
const SHOWN_MAX = 20;

/** At even distances, from the first that served to the last. */
function shownOf(ways: readonly SinkWay[]): SinkWay[] {
  const sorted = [...ways].sort((a, b) => a.servingAtMs - b.servingAtMs);
  const shown = Math.min(SHOWN_MAX, sorted.length);
  return Array.from(
    { length: shown },
    (_, i) => sorted[Math.round((i * (sorted.length - 1)) / Math.max(1, shown - 1))]!,
  );
}

function sinkSync({ stage, condition, round }: MeasurementContext, lostAt: number, way: SinkWay) {
  const master = stage.ensemble.members.find(({ plan }) => plan.ports.quorum.host === way.master);
  return {
    topology: stage.name,
    condition,
    round,
    learner: `sink ${way.sid}`,
    role: 'observer' as const,
    ...(master && { syncedWith: master.name }),
    mode: way.mode,
    marks: {
      connectedMs: way.connectedAtMs - lostAt,
      syncModeChosenMs: way.chosenAtMs - lostAt,
      upToDateMs: way.servingAtMs - lostAt,
      servingMs: way.servingAtMs - lostAt,
    },
  };
}
