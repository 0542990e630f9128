/**
 * Both servers in one run, in turn: how long an ensemble commits nothing after its leader is killed, and how
 * long clients wait while members are reconfigured. Without Apache ZooKeeper, ours is measured alone.
 */
import { z } from 'zod';
import { APACHE_HINT, findApacheZooKeeper } from '../../bench/hosts/apache-zookeeper.ts';
import { preload } from '../../bench/load/workload/preload.ts';
import { ensembleMs } from '../../bench/rounds/expected-time.ts';
import type { Turn } from '../../bench/rounds/interleaving.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { CONDITIONS, RIVALS } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { contextOf, type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { measureFailover } from './measurements/failover.ts';
import { measureReconfigurations } from './measurements/reconfigurations.ts';
import { workloadOf } from './measurements/throughput.ts';
import { openEach } from './own-ensembles.ts';
import { canReplaceLeader, hasObservers, type Stage } from './stage.ts';
import { count, milliseconds, rounds } from './suite.ts';

const keys = {
  /** Failovers and reconfigurations of both servers. A suite without it measures neither. */
  rivals: z
    .strictObject({
      rounds,
      /** Between two requests of a client, in a reconfiguration. */
      everyMs: count,
      /** Of an observer, and as many demotions. */
      promotions: count,
      pauseMs: milliseconds,
      /** The same members twice: three voters or more, and an observer. */
      topologies: z.strictObject({ [RIVALS.zklab]: z.string(), [RIVALS.apache]: z.string() }),
    })
    .optional(),
};

type RivalsOptions = z.infer<z.ZodObject<typeof keys>>;

const FAILOVERS = 'failovers';
const RECONFIGURATIONS = 'reconfigurations';
const CONDITIONS_OF = {
  [FAILOVERS]: [CONDITIONS.leaderKilled],
  [RECONFIGURATIONS]: [CONDITIONS.reconfigured, CONDITIONS.steadyClients],
} as const;

/** A failover with the way back of who was killed, and a change of a member; for the estimate alone. */
const FAILOVER_MS = 3_000;
const CHANGE_MS = 100;

export const rivals: Experiment<RivalsOptions> = {
  name: 'rivals',
  description:
    'ours and Apache ZooKeeper in turn: the leader is killed, members are reconfigured under clients',
  keys,
  withRounds: ({ rivals }, rounds) => (rivals === undefined ? {} : { rivals: { ...rivals, rounds } }),
  provides: ({ rivals }) => (rivals === undefined ? [] : [FAILOVERS, RECONFIGURATIONS]),
  ownTopologies: ({ rivals }) => ({ texts: rivals?.topologies ?? {}, serverOf }),
  share: 0.75,
  expectedMs({ rivals }, { own, needs }) {
    if (rivals === undefined) return 0;
    const { rounds, promotions, pauseMs } = rivals;
    const windowMs = 2 * promotions * (pauseMs + CHANGE_MS);
    const roundMs =
      (needs.has(FAILOVERS) ? FAILOVER_MS : 0) + (needs.has(RECONFIGURATIONS) ? 2 * windowMs : 0);
    return own.reduce((sum, each) => sum + ensembleMs(each) + rounds * roundMs, 0);
  },
  async run(options) {
    const { suite, lab, plan, events } = options;
    if (suite.rivals === undefined) return;
    const { rounds, topologies } = suite.rivals;
    const hasApache = findApacheZooKeeper() !== undefined;
    if (!hasApache) {
      const text = `Apache ZooKeeper is not on this machine, so ours is measured alone; to get it: ${APACHE_HINT}`;
      events.emit({ kind: 'note', text });
    }
    const own = lab
      .ownTopologies(topologies, serverOf)
      .filter(({ name }) => hasApache || name !== RIVALS.apache)
      .map(reconfigurable);
    const stages = await openEach(options, own, {
      labelOf: ({ name }) => name,
      prepare: stage => prepared(options, stage),
      lost: (topology, reason) => loseAll(options, topology, reason),
    });
    try {
      const turns = stages.flatMap(stage => turnsOf(options, stage));
      await plan.rounds(
        this.name,
        { rounds, roundsMin: Math.min(rounds, suite.roundsMin), share: this.share },
        turns,
      );
    } finally {
      await Promise.all(stages.map(stage => stage.stop()));
    }
  },
};

function serverOf(name: string): 'zklab' | 'apache' {
  return name === RIVALS.apache ? 'apache' : 'zklab';
}

/** Every client may reconfigure, because the lab sets no passwords. */
function reconfigurable(topology: Topology): Topology {
  const members = topology.members.map(member => ({
    ...member,
    settings: { ...member.settings, reconfigEnabled: 'true', skipACL: 'yes' },
  }));
  return { ...topology, members };
}

async function prepared(options: MeasureOptions<RivalsOptions>, stage: Stage): Promise<void> {
  if (!canReplaceLeader(stage.topology) || !hasObservers(stage))
    throw new UsageError(
      `${stage.name}: ${stage.topology.shortForm}; accepted are three voters or more, and an observer`,
    );
  const { leader } = await stage.assignRoles();
  await preload(leader.plan.ports.client, workloadOf(writeLoadOf(options)), 0);
}

type Need = keyof typeof CONDITIONS_OF;

function neededOf({ needs }: MeasureOptions): Need[] {
  return ([RECONFIGURATIONS, FAILOVERS] as const).filter(need => needs.has(need));
}

function loseAll(options: MeasureOptions<RivalsOptions>, { name: topology }: Topology, reason: string): void {
  const { rounds } = options.suite.rivals!;
  for (const need of neededOf(options))
    for (const condition of CONDITIONS_OF[need])
      for (let round = 0; round < rounds; round++)
        options.cells.lose({ experiment: rivals.name, topology, condition }, round, reason);
}

/** The leader is killed last, because the restarted member is cold. */
function turnsOf(options: MeasureOptions<RivalsOptions>, stage: Stage): Turn[] {
  const { cells, suite } = options;
  const { rounds, ...timing } = suite.rivals!;
  const measures: Record<Need, (round: number) => Promise<void>> = {
    [FAILOVERS]: round => measureFailover(contextOf(options, stage, CONDITIONS.leaderKilled, round)),
    [RECONFIGURATIONS]: round =>
      measureReconfigurations(contextOf(options, stage, CONDITIONS.reconfigured, round), timing),
  };
  return neededOf(options).map(need => ({
    measure: round =>
      cells.measure(
        { experiment: rivals.name, stage, condition: CONDITIONS_OF[need][0], round, of: rounds },
        () => measures[need](round),
      ),
  }));
}
