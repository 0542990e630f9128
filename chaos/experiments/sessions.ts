/**
 * Measures what sessions cost that are local to the member to which their client is connected, and what
 * global ones cost: two ensembles of the same members, started anew several times, within CPU budgets.
 */
import { z } from 'zod';
import { budgetShares, spoiltByMachine } from '../../bench/rounds/budget-proof.ts';
import { ensembleMs, loadMs } from '../../bench/rounds/expected-time.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { CONDITIONS, SESSION_ENSEMBLES } from '../../results/names.ts';
import type { Experiment } from './experiment.ts';
import { budgetsOf, measureFreshStarts, type Started } from './fresh-starts.ts';
import { type MeasureOptions, writeLoadOf } from './measure-options.ts';
import { churnSessions, measureSessions, type SessionLoad } from './measurements/session-churn.ts';
import { count, depth, milliseconds, sessions as sessionCount } from './suite.ts';

const keys = {
  /** Sessions that open and close, local and global. A suite without it does not measure them. */
  sessions: z
    .strictObject({
      /** How often both ensembles are started anew. */
      starts: count,
      /** CPU of each member, in cores, where the machine can limit it. */
      budget: z.number().min(0.01).max(64),
      /** The same members twice. */
      topologies: z.strictObject({
        [SESSION_ENSEMBLES.local]: z.string(),
        [SESSION_ENSEMBLES.global]: z.string(),
      }),
      /** Of the load itself, on each member. Each opens and closes others. */
      sessionsPerTarget: sessionCount,
      depth,
      warmupMs: milliseconds,
      /** For the load before each window, which nobody counts. */
      settleMs: milliseconds,
      windowMs: count,
    })
    .optional(),
};

type SessionsOptions = z.infer<z.ZodObject<typeof keys>>;
type Options = MeasureOptions<SessionsOptions>;

export const sessions: Experiment<SessionsOptions> = {
  name: 'sessions',
  description: 'sessions that open and close: local ones, and global ones that cost transactions',
  keys,
  check({ sessions, folder }, origin) {
    if (sessions === undefined) return;
    const [local, global] = [SESSION_ENSEMBLES.local, SESSION_ENSEMBLES.global].map(name =>
      readTopology(sessions.topologies[name]!, origin.at('sessions', 'topologies', name), folder),
    );
    if (local!.shortForm !== global!.shortForm)
      throw new UsageError(
        `${origin.at('sessions', 'topologies')}: ${local!.shortForm} and ${global!.shortForm}; accepted are the same members twice`,
      );
  },
  withRounds: ({ sessions }, rounds) =>
    sessions === undefined ? {} : { sessions: { ...sessions, starts: rounds } },
  provides: ({ sessions }) => (sessions === undefined ? [] : ['sessions']),
  ownTopologies: ({ sessions }) => ({ texts: sessions?.topologies ?? {}, budget: sessions?.budget }),
  share: 0.43,
  expectedMs({ sessions }, { own }) {
    if (sessions === undefined) return 0;
    const { starts, warmupMs, settleMs, windowMs } = sessions;
    const ofOne = loadMs(0, warmupMs) + loadMs(0, settleMs) + loadMs(0, windowMs);
    return starts * (Math.max(...own.map(ensembleMs)) + own.length * ofOne);
  },
  async run(options) {
    const { suite, lab, cells, recorder } = options;
    const own = suite.sessions;
    if (own === undefined) return;
    const { starts, budget, topologies, warmupMs } = own;
    const write = writeLoadOf(options);
    await measureFreshStarts(options, {
      experiment: this.name,
      ...{ starts, rounds: 1, budget, share: this.share },
      groups: [lab.ownTopologies(topologies).map(withItsSessions)],
      // Sessions write nothing, so writes would warm up other code.
      warmUp: { ...write, load: { ...write.load, warmupMs: 0, saturatedMs: 0 } },
      async warmUpMore(stage, start) {
        if (warmupMs === 0) return;
        const cell = {
          experiment: this.experiment,
          stage,
          condition: 'warming up',
          round: start,
          of: starts,
        };
        await cells.measure({ ...cell, isMended: false }, async () => {
          await churnSessions(loadOf(options), stage, warmupMs);
        });
      },
      limited: (started, start) => [
        started.map(each => ({ measure: () => measureOne(options, each, start) })),
      ],
      lost({ name: topology }, start, reason) {
        const place = { topology, condition: CONDITIONS.sessions };
        cells.lose({ experiment: sessions.name, ...place }, start, reason);
        recorder.voided({ ...place, metric: 'sessionThroughput' }, start, reason);
      },
    });
  },
};

/** A member that was started again would be cold and without a budget, so its ensemble is not mended. */
function measureOne(options: Options, started: Started, start: number): Promise<void> {
  const { cells, recorder, suite } = options;
  const { starts, settleMs, windowMs } = suite.sessions!;
  const { stage } = started;
  const condition = CONDITIONS.sessions;
  const cell = { experiment: sessions.name, stage, condition, round: start, of: starts, isMended: false };
  return cells.measure(cell, async () => {
    const { leader } = await stage.assignRoles();
    if (settleMs > 0) await churnSessions(loadOf(options), stage, settleMs);
    const shares = budgetShares(budgetsOf(started, [leader]), leader.host);
    const context = { stage, round: start, recorder, spoilt: () => spoiltByMachine(shares()) };
    await measureSessions(context, loadOf(options), windowMs);
  });
}

function loadOf(options: Options): SessionLoad {
  const { sessionsPerTarget, depth } = options.suite.sessions!;
  return { driver: options.lab.driver, write: writeLoadOf(options), sessionsPerTarget, depth };
}

function withItsSessions(topology: Topology): Topology {
  const localSessionsEnabled = String(topology.name === SESSION_ENSEMBLES.local);
  return {
    ...topology,
    members: topology.members.map(member => ({
      ...member,
      settings: { ...member.settings, localSessionsEnabled },
    })),
  };
}
