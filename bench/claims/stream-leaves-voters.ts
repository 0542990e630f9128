import { CONDITIONS, STREAM_ENSEMBLES } from '../../results/names.ts';
import { formatNumber } from '../../results/number-text.ts';
import type { Claim } from './claim.ts';
import { Evidence, membersText } from './judging/evidence.ts';
import { type Counted, exactClaim, type Finding } from './judging/exact-claim.ts';
import { COUNT_TOLERANCE } from './judging/protocol-counts.ts';

const METRIC = 'countedOperations';
const STREAMED = 'streamedPerWrite';
/** What a write costs the voters. */
const COSTS = [
  'leaderMessagesPerWrite',
  'leaderBytesPerWrite',
  'acksToLeaderPerWrite',
  'requestsPerWrite',
  'leaderFsyncsPerWrite',
  'followerMessagesPerWrite',
  'followerBytesPerWrite',
  'followerFsyncsPerWrite',
] as const;

/** 004-22: the message bus costs the voters nothing. */
export const streamLeavesVoters: Claim = exactClaim(
  {
    id: '004-22',
    title: 'A commit stream costs the voters nothing',
    source: 'Observers guide, example use cases: an observer feeds a message bus with the stream of commits',
    hypothesis: `When the observers send every committed transaction to a message bus, a write costs the leader and the followers the same messages, bytes and fsyncs as without (within ${COUNT_TOLERANCE * 100} %)`,
    metric: COSTS.join(', '),
    unit: 'messages',
    control: 'the same members without a stream; every observer must have streamed each write',
    needs: ['streams'],
  },
  {
    lacking: 'pair of ensembles with and without a commit stream',
    counted: ({ result }) => countedIn(new Evidence(result, 'streams')),
    find: ([streaming, plain], { result }) => findingOf(streaming!, plain!, new Evidence(result, 'streams')),
  },
);

function ensembles({ topologies }: Evidence) {
  const named = (name: string) => topologies.find(topology => topology.name === name);
  return [named(STREAM_ENSEMBLES.streaming), named(STREAM_ENSEMBLES.plain)] as const;
}

function countedIn(evidence: Evidence): Counted[] {
  const [streaming, plain] = ensembles(evidence);
  if (streaming === undefined || plain === undefined) return [];
  const series = (topology: typeof plain) => evidence.series(METRIC, topology, CONDITIONS.singleAtLeader);
  return [
    { what: streaming.name, series: series(streaming), keys: [STREAMED, ...COSTS] },
    { what: plain.name, series: series(plain), keys: COSTS },
  ];
}

type Counts = Readonly<Record<string, number>>;

function findingOf(streaming: Counts, plain: Counts, evidence: Evidence): Finding {
  const members = membersText(ensembles(evidence)[0]!);
  const value = streaming.leaderMessagesPerWrite!;
  const streamed = streaming[STREAMED]!;
  if (!isNear(streamed, 1))
    return {
      holds: false,
      value,
      reason: `With ${members}, the observer that streamed least sent ${formatNumber(streamed)} transactions per write, and has to send each.`,
    };
  const changed = COSTS.find(name => !isNear(streaming[name]!, plain[name]!));
  const [messages, bytes] = [value, streaming.leaderBytesPerWrite!].map(formatNumber);
  return changed === undefined
    ? {
        holds: true,
        value,
        reason: `With ${members}, the leader sent ${messages} messages of ${bytes} bytes per write while every observer streamed each of them, the same as without a stream; so did everything else that a write costs the voters.`,
      }
    : {
        holds: false,
        value,
        reason: `With ${members}, ${changed} is ${formatNumber(streaming[changed]!)} with a stream and ${formatNumber(plain[changed]!)} without.`,
      };
}

function isNear(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= expected * COUNT_TOLERANCE;
}
