import { CONDITIONS } from '../../results/names.ts';
import { formatNumber } from '../../results/number-text.ts';
import type { Topology } from '../../results/schema.ts';
import { type Evidence, membersText } from './judging/evidence.ts';
import { COUNT_TOLERANCE, type ExactPart, exactPartOf } from './judging/protocol-counts.ts';
import { timedClaim } from './judging/timed-claim.ts';

const METRIC = 'writeThroughput';
const SHARE_MIN = 0.9;
const LACKING = 'pair of topologies without observers, one of which has observerMasterPort set';

/**
 * 001-2: an ensemble without observers pays nothing for them. The control is the same server with the feature
 * switched off, because no server without its code exists to compare with.
 */
export const unusedMasters = timedClaim(
  {
    id: '001-2',
    title: 'An ensemble without observers is not slower for being ready to serve them',
    source: 'ZOOKEEPER-368, goals: an ensemble without observers behaves and performs as before',
    hypothesis: `With observerMasterPort set and no observer, voters commit at least ${SHARE_MIN * 100} % of the writes that they commit without it; each costs the same messages and bytes, and the leader has the same connections (within ${COUNT_TOLERANCE * 100} %)`,
    metric: `${METRIC}, with observerMasterPort over without`,
    unit: 'ratio',
    control:
      'the same voters without observerMasterPort, rounds interleaved, each member within the same CPU budget',
    needs: ['unusedMasters'],
    rule: { scale: 'ratio', margin: { low: SHARE_MIN }, tells: { spread: 0.08, holds: 1, fails: 0.75 } },
  },
  {
    lacking: LACKING,
    pairs: evidence =>
      readyPairs(evidence).map(({ without, ready }) => ({
        subject: `${membersText(ready)} with observerMasterPort`,
        control: 'the same without',
        a: evidence.clients.series(METRIC, without, CONDITIONS.healthy),
        aWhat: `write throughput of ${without.name}`,
        b: evidence.clients.series(METRIC, ready, CONDITIONS.healthy),
        bWhat: `write throughput of ${ready.name}`,
      })),
    say: ({ subject, control }, number) => `${subject} committed ${number} the writes of ${control}`,
    exact: sameCounts,
    warnings: () => [
      'both sides run the same program: what the code for observers costs while it is switched off is on both',
    ],
  },
);

const CPU_MAX = 1.05;

/** L18: the same in CPU, which shows smaller costs than the maximum rate of writes does. */
export const unusedMastersCpu = timedClaim(
  {
    id: 'L18',
    title: 'Being ready to serve observers costs the leader no CPU',
    source: 'zklab’s own; ZOOKEEPER-368, goals: an ensemble without observers performs as before',
    hypothesis: `At the same steady rate, with observerMasterPort set and no observer, the leader uses at most ${CPU_MAX} times the CPU per write that it uses without it, and a write costs the same messages and bytes`,
    metric: 'leaderCpuPerWrite, with observerMasterPort over without',
    unit: 'ratio',
    control: 'the same voters without observerMasterPort, under the same load at the same time',
    needs: ['steadyWrites', 'unusedMasters'],
    rule: { scale: 'ratio', margin: { high: CPU_MAX }, tells: { spread: 0.04, holds: 1, fails: 1.1 } },
  },
  {
    lacking: LACKING,
    pairs: evidence =>
      readyPairs(evidence).map(({ without, ready }) => ({
        subject: `the leader of ${membersText(ready)} with observerMasterPort`,
        control: 'that of the same without',
        a: evidence.clients.series('leaderCpuPerWrite', without, CONDITIONS.steadyWrites),
        aWhat: `CPU of the leader of ${without.name}`,
        b: evidence.clients.series('leaderCpuPerWrite', ready, CONDITIONS.steadyWrites),
        bWhat: `CPU of the leader of ${ready.name}`,
      })),
    say: ({ subject, control }, number) => `${subject} used ${number} the CPU per write of ${control}`,
    exact: sameCounts,
  },
);

interface ReadyPair {
  readonly without: Topology;
  readonly ready: Topology;
}

function readyPairs({ clients }: Evidence): ReadyPair[] {
  const isReady = ({ members }: Topology) => members.some(({ observerMaster }) => observerMaster);
  return clients.votersOnly.filter(isReady).flatMap(ready => {
    const without = clients.votersOnly.find(
      other => !isReady(other) && other.members.length === ready.members.length,
    );
    return without === undefined ? [] : [{ without, ready }];
  });
}

/** Each as the protocol has it, and none higher where observerMasterPort is set. */
function sameCounts(evidence: Evidence): ExactPart {
  const pairs = readyPairs(evidence);
  const part = exactPartOf(
    evidence.clients,
    pairs.flatMap(({ without, ready }) => [without, ready]),
  );
  const contradiction =
    part.contradiction ??
    pairs.map(pair => differenceOf(evidence.clients, pair)).find(clause => clause !== undefined);
  return { counts: part.counts, ...(contradiction !== undefined && { contradiction }) };
}

const SAME = {
  leaderMessagesPerWrite: 'the leader sent %s messages per write',
  leaderBytesPerWrite: 'the leader sent %s bytes per write',
  leaderConnections: 'the leader had %s learners',
} as const;

/** A clause about the first count that is higher where observerMasterPort is set. */
function differenceOf(evidence: Evidence, { without, ready }: ReadyPair): string | undefined {
  const [off, on] = [without, ready].map(
    topology => evidence.series(METRIC, topology, CONDITIONS.healthy)?.counts ?? {},
  );
  for (const [name, said] of Object.entries(SAME)) {
    const [before, after] = [off![name], on![name]];
    if (before !== undefined && after !== undefined && after > before * (1 + COUNT_TOLERANCE))
      return `with observerMasterPort set, ${said.replace('%s', formatNumber(after))}, and ${formatNumber(before)} without it`;
  }
  return undefined;
}
