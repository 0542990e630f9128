/**
 * Kills the leader while many sink observers are connected, each of which then takes a whole snapshot, and
 * measures how long it takes until all of them serve.
 */
import { Sinks, type SinkWay } from '../../../bench/sinks/sinks.ts';
import { fourLetterWord, parseSrvr } from '../../../bench/topology/four-letter.ts';
import type { Member } from '../../../bench/topology/member.ts';
import { HUNDREDS_MIN, type StormSize } from '../../../results/names.ts';
import { kill } from '../../faults/kill.ts';
import { firstWrite } from '../first-write.ts';
import { linkUse, offTheLimit } from '../link-proof.ts';
import type { Cast, Stage } from '../stage.ts';
import { servesAgain } from './serving-watch.ts';
import { syncOf } from './sync-time.ts';
import { type Occasion, underFault } from './under-fault.ts';

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
  readonly late: string | undefined;
}

/** @throws Error when the sinks do not serve even before the leader is lost */
export async function measureStorm(
  occasion: Occasion,
  size: StormSize,
  { servingMaxMs, everyMs }: StormLimits,
): Promise<void> {
  const { stage, round, recorder, signal } = occasion;
  const { network } = stage.ensemble.plan;
  if (network === undefined) throw new TypeError(`${stage.name} has no network, so no link can be the bound`);
  const cast = await stage.cast();
  const sinks = await Sinks.start({
    count: size.sinks,
    masters: mastersOf(stage, cast),
    // They come level with the leader, so that only the storm sends snapshots.
    zxid: await zxidOf(cast.leader),
    forgets: true,
    beside: command => network.beside(command),
  });
  try {
    await sinks.untilServing(servingMaxMs, signal);
    const probes = cast.observers.map(member => servesAgain(member, everyMs, servingMaxMs, signal));
    const bytesBefore = await network.bytes();
    const voters = stage.ensemble.members.filter(
      member => member !== cast.leader && member.plan.role === 'participant',
    );
    const { value: storm, voidReasons } = await underFault(
      occasion,
      'kill',
      () => kill({ target: { name: cast.leader.name } }).inject(stage.processFaults),
      async (active): Promise<Storm> => {
        const [wroteAt, late] = await Promise.all([
          firstWrite(
            voters.map(({ plan }) => plan.ports.client),
            occasion.path,
            servingMaxMs,
            signal,
          ),
          sinks.untilBack(active.startedAt, servingMaxMs, signal).then(
            () => undefined,
            (error: Error) => error.message,
          ),
        ]);
        const bytes = await network.bytes();
        const sent = new Map(
          [...bytes].map(([name, { sent }]) => [name, sent - (bytesBefore.get(name)?.sent ?? 0)]),
        );
        const ways = (await sinks.ways()).filter(({ servingAtMs }) => servingAtMs > active.startedAt);
        return { lostAt: active.startedAt, wroteAt, ways, sent, late };
      },
    );
    record(occasion, size, storm, voidReasons, servingMaxMs);
    for (const [index, probe] of probes.entries()) {
      const back = await probe;
      const member = cast.observers[index]!;
      if (back !== undefined) recorder.sync(syncOf(occasion, member, storm.lostAt, back));
      else
        recorder.remarks.push(`round ${round + 1}: ${member.name} did not serve again in ${servingMaxMs} ms`);
    }
    for (const way of shownOf(storm.ways)) recorder.sync(sinkSync(occasion, storm.lostAt, way));
  } finally {
    await sinks.stop();
  }
}

function record(
  { stage, condition, round, recorder }: Occasion,
  size: StormSize,
  { lostAt, wroteAt, ways, sent, late }: Storm,
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
    ...(late === undefined ? offTheLimit(use, size.sinks >= HUNDREDS_MIN) : []),
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
  if (late !== undefined) recorder.warned(at('stormLastLearnerMs'), round, late);
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
function mastersOf({ ensemble, topology }: Stage, { leader }: Cast) {
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

function sinkSync({ stage, condition, round }: Occasion, lostAt: number, way: SinkWay) {
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
