import { CONDITIONS, SESSION_ENSEMBLES } from '../../results/names.ts';
import { formatNumber } from '../../results/number-text.ts';
import type { Topology } from '../../results/schema.ts';
import { Evidence, membersText, type Series } from './judging/evidence.ts';
import { COUNT_TOLERANCE, type ExactPart } from './judging/protocol-counts.ts';
import { timedClaim } from './judging/timed-claim.ts';

const METRIC = 'sessionThroughput';
const COUNT = 'transactionsPerSession';

/** One to open a session, and one to close it. */
const GLOBAL_TRANSACTIONS = 2;

/** The cost of a session that no other member has to know. */
export const localSessions = timedClaim(
  {
    id: 'L15',
    title: 'Local sessions open and close without a transaction, and sooner than global ones',
    source: 'ZOOKEEPER-1147; Administrator’s guide, localSessionsEnabled',
    hypothesis: `With localSessionsEnabled, a session opens and closes without a transaction, and an ensemble opens and closes more sessions than with global ones, which cost ${GLOBAL_TRANSACTIONS} transactions each`,
    metric: `${METRIC}, local over global`,
    unit: 'ratio',
    control:
      'the same members with localSessionsEnabled=false, rounds interleaved, each within the same CPU budget',
    needs: ['sessions'],
    rule: { scale: 'ratio', margin: { low: 1 }, tells: { spread: 0.25, holds: 2, fails: 0.6 } },
  },
  {
    lacking: 'pair of ensembles with local and with global sessions',
    pairs(evidence) {
      const found = bothIn(evidence);
      if (found === undefined) return [];
      const { local, global } = found;
      return [
        {
          subject: `${membersText(local.topology)} with local sessions`,
          control: 'the same with global ones',
          a: global.series,
          aWhat: `sessions of ${global.topology.name}`,
          b: local.series,
          bWhat: `sessions of ${local.topology.name}`,
        },
      ];
    },
    say: ({ subject, control }, number) =>
      `${subject} opened and closed ${number} the sessions of ${control}`,
    exact(evidence): ExactPart {
      const found = bothIn(evidence);
      if (found === undefined) return { counts: [] };
      const [local, global] = [found.local, found.global].map(({ series }) => series?.counts[COUNT]);
      const counts = [...countOf(local, found.local.topology), ...countOf(global, found.global.topology)];
      const contradiction = contradictionOf(local, global);
      return { counts, ...(contradiction !== undefined && { contradiction }) };
    },
  },
);

interface Measured {
  readonly topology: Topology;
  readonly series: Series | undefined;
}

function bothIn({ result }: Evidence): { local: Measured; global: Measured } | undefined {
  const own = new Evidence(result, 'sessions');
  const [local, global] = [SESSION_ENSEMBLES.local, SESSION_ENSEMBLES.global].map(name => {
    const topology = own.topologies.find(each => each.name === name);
    return topology && { topology, series: own.series(METRIC, topology, CONDITIONS.sessions) };
  });
  return local === undefined || global === undefined ? undefined : { local, global };
}

function countOf(value: number | undefined, { name }: Topology): ExactPart['counts'] {
  return value === undefined ? [] : [{ name: `${COUNT}, ${name}`, value, unit: '' }];
}

/** The sessions of the load itself are few beside those that it opens and closes. */
function contradictionOf(local: number | undefined, global: number | undefined): string | undefined {
  if (local !== undefined && local > COUNT_TOLERANCE)
    return `a local session cost ${formatNumber(local)} transactions, and needs none`;
  if (global !== undefined && Math.abs(global - GLOBAL_TRANSACTIONS) > GLOBAL_TRANSACTIONS * COUNT_TOLERANCE)
    return `a global session cost ${formatNumber(global)} transactions, and needs ${GLOBAL_TRANSACTIONS}`;
  return undefined;
}
