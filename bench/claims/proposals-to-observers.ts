import { bytesOf, HEARING_ENSEMBLES } from '../../results/names.ts';
import { formatNumber, formatUnit } from '../../results/number-text.ts';
import type { Topology } from '../../results/schema.ts';
import type { Claim } from './claim.ts';
import { Evidence, membersText } from './judging/evidence.ts';
import { type Counted, exactClaim, type Finding } from './judging/exact-claim.ts';
import { COUNT_TOLERANCE } from './judging/protocol-counts.ts';

const METRIC = 'countedOperations';
/** A COMMIT, which carries no transaction. */
const COMMIT_BYTES = 20;
/** From this size of value on, the traffic must grow slightly at most. */
const LARGE_BYTES_MIN = 1_000;
const KEYS = [
  'observerMessagesPerWrite',
  'observerBytesPerWrite',
  'leaderMessagesPerWrite',
  'leaderBytesPerWrite',
  'observerFsyncsPerWrite',
  'acksFromObservers',
] as const;

/** 000-9, with the switch of 000-8: the two ways of ZOOKEEPER-368 to tell an observer. */
export const proposalsToObservers: Claim = exactClaim(
  {
    id: '000-9',
    title: 'Proposals and commits to observers cost slightly more traffic than INFORM',
    source: 'ZOOKEEPER-368, option 2: it increases traffic slightly',
    hypothesis: `An observer that hears PROPOSAL and COMMIT takes two messages per write where INFORM is one, at most ${COMMIT_BYTES} bytes more, and from values of ${LARGE_BYTES_MIN} bytes on at most ${COUNT_TOLERANCE * 100} % more; it never acknowledges one`,
    metric: KEYS.join(', '),
    unit: 'bytes',
    control:
      'the same members with observers that hear INFORM; one write at a time, which enters at the leader',
    needs: ['proposals'],
  },
  {
    lacking: 'pair of ensembles whose observers hear proposals, and INFORM',
    counted: ({ result }) => sized(new Evidence(result, 'proposals')).flatMap(({ counted }) => counted),
    find(counts, { result }) {
      const sizes = sized(new Evidence(result, 'proposals'));
      const findings = sizes.map(({ bytes }, at) => findingOf(bytes, counts[2 * at]!, counts[2 * at + 1]!));
      const broken = findings.find(({ holds }) => !holds);
      const all = broken?.reason ?? findings.map(({ reason }) => reason).join('; ');
      const [{ proposed } = { proposed: undefined }] = sizes;
      return {
        holds: broken === undefined,
        value: findings.at(-1)!.value,
        reason: `With ${membersText(proposed!)}, a write cost an observer that hears proposals, compared with one that hears INFORM: ${all}.`,
      };
    },
  },
);

interface Sized {
  readonly bytes: number;
  readonly proposed: Topology;
  /** With proposals, then with INFORM. */
  readonly counted: readonly [Counted, Counted];
}

/** Every size that was counted, the largest last. */
function sized(evidence: Evidence): Sized[] {
  const named = (name: string) => evidence.topologies.find(topology => topology.name === name);
  const [proposed, informed] = [named(HEARING_ENSEMBLES.proposals), named(HEARING_ENSEMBLES.results)];
  if (proposed === undefined || informed === undefined) return [];
  const conditions = evidence.result.measurements
    .filter(each => each.metric === METRIC && each.topology === proposed.name)
    .map(({ condition }) => condition);
  return conditions
    .flatMap((condition): Sized[] => {
      const bytes = bytesOf(condition);
      if (bytes === undefined) return [];
      const counted = (topology: Topology): Counted => ({
        what: `${topology.name}, ${condition}`,
        series: evidence.series(METRIC, topology, condition),
        keys: KEYS,
      });
      return [{ bytes, proposed, counted: [counted(proposed), counted(informed)] }];
    })
    .sort((a, b) => a.bytes - b.bytes);
}

type Counts = Readonly<Record<string, number>>;

function findingOf(size: number, proposed: Counts, informed: Counts): Finding {
  const [more, few] = [proposed.observerBytesPerWrite!, informed.observerBytesPerWrite!];
  const [two, one] = [proposed.observerMessagesPerWrite!, informed.observerMessagesPerWrite!];
  const share = (more - few) / few;
  const acks = proposed.acksFromObservers!;
  const holds =
    isNear(two, 2) &&
    isNear(one, 1) &&
    more - few <= COMMIT_BYTES + few * COUNT_TOLERANCE &&
    (size < LARGE_BYTES_MIN || share <= COUNT_TOLERANCE) &&
    acks === 0;
  const costs = `${formatNumber(two)} instead of ${formatNumber(one)} messages, ${formatNumber(more)} instead of ${formatNumber(few)} bytes (${formatUnit(share * 100, '%')})`;
  return {
    holds,
    value: more - few,
    reason: `at ${formatUnit(size, 'bytes')}, ${costs}${linkText(proposed, informed)}${acks === 0 ? '' : `, and ${acks} acks`}`,
  };
}

/** What the kernel counted on the connection, where the machine tells. */
function linkText(proposed: Counts, informed: Counts): string {
  const names = ['observerLinkPacketsPerWrite', 'observerLinkBytesPerWrite'];
  if (names.some(name => proposed[name] === undefined || informed[name] === undefined)) return '';
  const [packets, bytes] = names.map(
    name => `${formatNumber(proposed[name]!)} instead of ${formatNumber(informed[name]!)}`,
  );
  return `, on the connection ${packets} packets and ${bytes} bytes`;
}

function isNear(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= expected * COUNT_TOLERANCE;
}
