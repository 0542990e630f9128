import { crowdCondition, crowdSizeOf } from '../../results/names.ts';
import { formatNumber } from '../../results/number-text.ts';
import type { Topology } from '../../results/schema.ts';
import type { Claim } from './claim.ts';
import { type Evidence, hasMasters } from './judging/evidence.ts';
import { exactClaim, type Finding, worstOf } from './judging/exact-claim.ts';
import type { Pair } from './judging/pair-judgement.ts';
import { COUNT_TOLERANCE } from './judging/protocol-counts.ts';
import { timedClaim } from './judging/timed-claim.ts';

const METRIC = 'writeLatencyP50';
const CPU = 'leaderCpuPerWrite';
/** The guide's hundreds. Larger crowds are for masters. */
const HUNDREDS = 300;
const MARGIN_MS = 10;

/** 004-17: one leader serves hundreds. */
export const hundredsOfObservers = timedClaim(
  {
    id: '004-17',
    title: 'A leader serves hundreds of observers without slow writes',
    source: 'Observers guide and ZOOKEEPER-3140: hundreds of observers without masters, over a thousand with',
    hypothesis: `At a steady rate, the median write with up to ${HUNDREDS} observers at the leader takes at most ${MARGIN_MS} ms longer than with none`,
    metric: `${METRIC}, beside sink observers minus without them`,
    unit: 'ms',
    control: 'the same ensemble without sinks, in the same round',
    needs: ['crowds'],
    rule: { scale: 'difference', margin: { high: MARGIN_MS }, tells: { spread: 2, holds: 5, fails: 15 } },
  },
  {
    pairs(evidence): Pair[] {
      return crowded(evidence, topology => !hasMasters(topology)).flatMap(({ topology, sizes }) => {
        const size = sizes.filter(each => each <= HUNDREDS).at(-1);
        if (size === undefined) return [];
        const [none, many] = [crowdCondition(0), crowdCondition(size)];
        return [
          {
            subject: `${size} observers at the leader`,
            control: 'none',
            a: evidence.series(METRIC, topology, none),
            aWhat: `write latency of ${topology.name}, ${none}`,
            b: evidence.series(METRIC, topology, many),
            bWhat: `write latency of ${topology.name}, ${many}`,
          },
        ];
      });
    },
    lacking: 'crowds of sink observers',
    say: ({ subject, control }, number, value) =>
      `with ${subject}, the median write took ${number} ${value < 0 ? 'less' : 'longer'} than with ${control}`,
  },
);

/** The timed counterpart of 000-11: work that masters take over costs the leader no CPU. */
export const mastersSpareTheLeader = timedClaim(
  {
    id: 'L14',
    title: 'Behind masters, hundreds of observers cost the leader less CPU per write',
    source: 'Observers guide, observer masters: the burden of observers leaves the leader',
    hypothesis: `With up to ${HUNDREDS} observers behind masters, the leader uses less CPU for a write than with as many at the leader`,
    metric: `${CPU}, behind masters over at the leader`,
    unit: 'ratio',
    control: 'the same crowd at the leader, at the same rate of writes, in the same round',
    needs: ['crowds'],
    rule: { scale: 'ratio', margin: { high: 1 }, tells: { spread: 0.15, holds: 0.75, fails: 1.35 } },
  },
  {
    lacking: 'crowds of as many sink observers at the leader and behind masters',
    pairs(evidence): Pair[] {
      const [direct] = crowded(evidence, topology => !hasMasters(topology), CPU);
      const [masters] = crowded(evidence, hasMasters, CPU);
      const size = direct?.sizes.filter(each => each <= HUNDREDS && masters?.sizes.includes(each)).at(-1);
      if (direct === undefined || masters === undefined || size === undefined) return [];
      const at = ({ topology }: Crowded) => evidence.series(CPU, topology, crowdCondition(size));
      return [
        {
          subject: `${size} observers behind masters`,
          control: 'as many at the leader',
          a: at(direct),
          aWhat: `CPU of the leader of ${direct.topology.name}`,
          b: at(masters),
          bWhat: `CPU of the leader of ${masters.topology.name}`,
        },
      ];
    },
    say: ({ subject, control }, number) =>
      `with ${subject}, a write took ${number} the CPU of the leader that it took with ${control}`,
  },
);

/** 000-11 at the size that it is about: bytes and connections, which involve no clock. */
export const mastersKeepTheLeaderSmall: Claim = exactClaim(
  {
    id: 'L6',
    title: 'Behind masters, hundreds of observers add nothing to what the leader sends',
    source: 'ZOOKEEPER-3140; ZOOKEEPER-368: the leader’s load shall not grow with observers',
    hypothesis: `With the largest crowd behind masters, the leader has as many connections as with none, and sends as many messages and bytes per write (within ${COUNT_TOLERANCE * 100} %)`,
    metric: 'leaderConnections, leaderMessagesPerWrite, leaderBytesPerWrite',
    unit: 'messages',
    control: 'the same ensemble without sinks',
    needs: ['crowds'],
  },
  {
    counted: evidence =>
      crowded(evidence, hasMasters).flatMap(({ topology, sizes }) =>
        [0, sizes.at(-1)!].map(size => ({
          what: `${topology.name}, ${crowdCondition(size)}`,
          series: evidence.series(METRIC, topology, crowdCondition(size)),
          keys: ['leaderConnections', 'leaderMessagesPerWrite', 'leaderBytesPerWrite'],
        })),
      ),
    find(counts, evidence) {
      const found = crowded(evidence, hasMasters).map(({ sizes }, index): Finding => {
        const [none, many] = [counts[2 * index]!, counts[2 * index + 1]!];
        const grown = ['leaderMessagesPerWrite', 'leaderBytesPerWrite'].filter(
          key => many[key]! > none[key]! * (1 + COUNT_TOLERANCE),
        );
        return {
          holds: grown.length === 0 && many.leaderConnections! <= none.leaderConnections!,
          value: many.leaderMessagesPerWrite!,
          reason:
            `With ${sizes.at(-1)} observers behind masters the leader had ${many.leaderConnections} learners and sent ` +
            `${formatNumber(many.leaderMessagesPerWrite!)} messages and ${formatNumber(many.leaderBytesPerWrite!)} bytes per write; ` +
            `with none it had ${none.leaderConnections} and sent ${formatNumber(none.leaderMessagesPerWrite!)} and ${formatNumber(none.leaderBytesPerWrite!)}.`,
        };
      });
      return worstOf(found);
    },
  },
);

interface Crowded {
  readonly topology: Topology;
  /** Of the crowds that were measured, smallest first, without the control. */
  readonly sizes: readonly number[];
}

function crowded({ result }: Evidence, of: (topology: Topology) => boolean, metric = METRIC): Crowded[] {
  return result.topologies.filter(of).flatMap(topology => {
    const sizes = result.measurements
      .filter(each => each.metric === metric && each.topology === topology.name)
      .flatMap(({ condition }) => crowdSizeOf(condition) ?? [])
      .filter(size => size > 0)
      .sort((a, b) => a - b);
    return sizes.length === 0 ? [] : [{ topology, sizes }];
  });
}
