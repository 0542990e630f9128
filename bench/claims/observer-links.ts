import { bytesOf } from '../../results/names.ts';
import { formatNumber } from '../../results/number-text.ts';
import type { Claim } from './claim.ts';
import { type Evidence, membersText, type Series } from './judging/evidence.ts';
import { type Counted, exactClaim, worstOf } from './judging/exact-claim.ts';

const METRIC = 'countedOperations';

/** What is counted on a link, by the servers and, for any server, by the kernel. */
const KINDS = [
  { name: 'MessagesPerWrite', what: 'messages' },
  { name: 'BytesPerWrite', what: 'bytes of messages' },
  { name: 'LinkPacketsPerWrite', what: 'packets' },
  { name: 'LinkBytesPerWrite', what: 'bytes' },
] as const;

/** 000-3: observers are meant for links that are long, narrow and paid by the byte. */
export const observerLinks: Claim = exactClaim(
  {
    id: '000-3',
    title: 'An observer’s link carries less per write than a follower’s, whatever the size of the value',
    source: 'ZOOKEEPER-368: observers are meant for operation over a wide area',
    hypothesis:
      'At every size of value, one write at a time puts fewer messages, packets and bytes on the link of an observer than on that of a follower',
    metric:
      'observer… and follower…: MessagesPerWrite, BytesPerWrite, LinkPacketsPerWrite, LinkBytesPerWrite',
    unit: 'bytes',
    control: 'the followers of the same ensemble in the same load, which enters at the leader',
    needs: ['paths'],
  },
  {
    lacking: 'topology with observers at the leader whose links were counted',
    counted: ({ roles }) => sized(roles).map(({ counted }) => counted),
    find(counts, { roles }) {
      const places = sized(roles);
      return worstOf(
        counts.map((each, index) => {
          const { bytes, members, kinds } = places[index]!;
          const said = kinds.map(
            ({ name, what }) =>
              `${formatNumber(each[`observer${name}`]!)} instead of ${formatNumber(each[`follower${name}`]!)} ${what}`,
          );
          return {
            holds: kinds.every(({ name }) => each[`observer${name}`]! < each[`follower${name}`]!),
            value: each[`observer${kinds.at(-1)!.name}`]!,
            reason: `With ${members}, a write of ${formatNumber(bytes)} bytes put on an observer’s link, compared with a follower’s: ${said.join(', ')}.`,
          };
        }),
      );
    },
  },
);

interface Sized {
  readonly bytes: number;
  readonly members: string;
  readonly kinds: readonly (typeof KINDS)[number][];
  readonly counted: Counted;
}

/** Every size in every topology, the largest last. */
function sized(evidence: Evidence): Sized[] {
  return evidence.withObservers
    .flatMap(topology =>
      evidence.result.measurements
        .filter(each => each.metric === METRIC && each.topology === topology.name)
        .flatMap(({ condition }): Sized[] => {
          const bytes = bytesOf(condition);
          if (bytes === undefined) return [];
          const series = evidence.series(METRIC, topology, condition);
          const kinds = countedKinds(series);
          const keys = kinds.flatMap(({ name }) => [`observer${name}`, `follower${name}`]);
          const what = `${topology.name}, ${condition}`;
          return [{ bytes, members: membersText(topology), kinds, counted: { what, series, keys } }];
        }),
    )
    .sort((a, b) => a.bytes - b.bytes);
}

/** Apache ZooKeeper counts no messages, and some machines no packets. Something must have been counted. */
function countedKinds(series: Series | undefined): readonly (typeof KINDS)[number][] {
  const found = KINDS.filter(
    ({ name }) =>
      series?.counts[`observer${name}`] !== undefined && series.counts[`follower${name}`] !== undefined,
  );
  return found.length === 0 ? KINDS : found;
}
