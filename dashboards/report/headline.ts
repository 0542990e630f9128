import { CONDITIONS } from '../../results/names.ts';
import type { Judgement, Measurement, Result, Topology } from '../../results/schema.ts';
import { countVerdicts, DOUBTFUL_FIRST, WORST_FIRST } from '../../results/verdicts.ts';
import { formatChange, formatNumber } from '../format.ts';

export type TopologyKind = 'voters only' | 'observers' | 'observer masters';

/** A piece of a sentence: text, or a number that opens its samples. */
export type Piece = string | { readonly text: string; readonly measurement: string };

export interface Answer {
  /** `7 claims: 5 hold, 1 fails, 1 not shown here` */
  readonly verdicts: string;
  readonly sentences: readonly { readonly about: string; readonly pieces: readonly Piece[] }[];
}

/**
 * What observers and observer masters did in this run, from medians. Parts without measurements are left out.
 */
export function answerOf(result: Result): Answer {
  const kinds = byKind(result.topologies);
  const sentences = [
    { about: 'Observers', pieces: observersSentence(result, kinds) },
    { about: 'Observer masters', pieces: mastersSentence(result, kinds) },
    { about: 'Reads through an outage', pieces: readsSentence(result, kinds) },
  ].filter(sentence => sentence.pieces.length > 0);
  return { verdicts: verdictsLine(result), sentences };
}

function verdictsLine(result: Result): string {
  if (result.validity.void)
    return `This run is void: ${result.validity.reasons.join('; ') || 'no reason recorded'}`;
  if (result.judgements !== undefined) return judgementsLine(result.judgements, result.faults.length);
  const counts = countVerdicts(result.claims);
  const words = {
    holds: counts.holds === 1 ? 'holds' : 'hold',
    fails: counts.fails === 1 ? 'fails' : 'fail',
  };
  const parts = WORST_FIRST.filter(verdict => counts[verdict] > 0).map(
    verdict => `${counts[verdict]} ${verdict in words ? words[verdict as keyof typeof words] : verdict}`,
  );
  const total = result.claims.length;
  return `${total} ${total === 1 ? 'claim' : 'claims'}: ${parts.join(', ') || 'none judged'}`;
}

/** `9 checkers under 5 faults: 8 valid, 1 unknown` */
function judgementsLine(judgements: readonly Judgement[], faults: number): string {
  const parts = DOUBTFUL_FIRST.flatMap(valid => {
    const times = judgements.filter(each => each.valid === valid).length;
    return times === 0 ? [] : [`${times} ${valid}`];
  });
  return `${judgements.length} checkers under ${faults} ${faults === 1 ? 'fault' : 'faults'}: ${parts.join(', ')}`;
}

export function kindOf(topology: Topology): TopologyKind {
  if (!topology.members.some(member => member.role === 'observer')) return 'voters only';
  return topology.members.some(member => member.observerMaster) ? 'observer masters' : 'observers';
}

type Kinds = Partial<Record<TopologyKind, Topology>>;

/** The first topology of each kind; suites put the plainest first. */
function byKind(topologies: readonly Topology[]): Kinds {
  const kinds: Kinds = {};
  for (const topology of topologies) kinds[kindOf(topology)] ??= topology;
  return kinds;
}

function find(
  result: Result,
  topology: Topology | undefined,
  metric: string,
  condition: string,
): Measurement | undefined {
  return result.measurements.find(
    item =>
      item.topology === topology?.name &&
      item.metric === metric &&
      item.condition === condition &&
      item.summary.median !== null,
  );
}

function number(measurement: Measurement, unit = ''): Piece {
  return { text: `${formatNumber(measurement.summary.median!)}${unit}`, measurement: measurement.id };
}

/** `(−21 %, n 3 and 4, too few for intervals)` */
function changeText({ summary: a }: Measurement, { summary: b }: Measurement): string {
  const rounds = a.n === b.n ? `n ${a.n}` : `n ${a.n} and ${b.n}`;
  return `(${formatChange(a.median!, b.median!)}, ${rounds}, ${apart(a, b)})`;
}

function apart(a: Measurement['summary'], b: Measurement['summary']): string {
  if (a.low === null || a.high === null || b.low === null || b.high === null) return 'too few for intervals';
  return a.low <= b.high && b.low <= a.high ? 'intervals overlap' : 'intervals do not overlap';
}

function observersSentence(result: Result, kinds: Kinds): Piece[] {
  const plain = find(result, kinds['voters only'], 'writeThroughput', CONDITIONS.healthy);
  const observed = find(result, kinds.observers, 'writeThroughput', CONDITIONS.healthy);
  if (plain === undefined || observed === undefined) return [];
  const pieces: Piece[] = [
    `${count(kinds.observers!, 'observer')} beside ${count(kinds.observers!, 'voter')}: `,
    number(plain),
    ' → ',
    number(observed, ' writes/s'),
    ` ${changeText(plain, observed)}`,
  ];
  const cut = find(result, kinds.observers, 'writeThroughput', CONDITIONS.observersBlackholed);
  const voterCut = find(result, kinds.observers, 'writeThroughput', CONDITIONS.oneVoterBlackholed);
  if (cut !== undefined) pieces.push('; with every observer cut off ', number(cut), ` (n ${cut.summary.n})`);
  if (voterCut !== undefined)
    pieces.push('; with one voter cut off ', number(voterCut), ` (n ${voterCut.summary.n})`);
  return [...pieces, '.'];
}

function mastersSentence(result: Result, kinds: Kinds): Piece[] {
  const sides = [kinds.observers, kinds['observer masters']];
  const pieces: Piece[] = [];
  for (const [name, label] of [
    ['leaderConnections', 'connections on the leader'],
    ['leaderMessagesPerWrite', 'messages from the leader per write'],
  ] as const) {
    const [before, after] = sides.map(side => exactCount(result, side, name));
    if (before === undefined || after === undefined) continue;
    pieces.push(pieces.length === 0 ? '' : '; ', `${label} `, before, ' → ', after);
  }
  for (const [metric, label, unit] of [
    ['writeThroughput', 'writes/s', ''],
    ['syncLastLearnerMs', 'last learner back after a leader loss', ' ms'],
  ] as const) {
    const condition = metric === 'writeThroughput' ? CONDITIONS.healthy : CONDITIONS.leaderKilled;
    const [before, after] = sides.map(side => find(result, side, metric, condition));
    if (before === undefined || after === undefined) continue;
    pieces.push(
      pieces.length === 0 ? '' : '; ',
      `${label} `,
      number(before),
      ' → ',
      number(after, unit),
      ` ${changeText(before, after)}`,
    );
  }
  return pieces.length === 0 ? [] : ['against observers on the leader: ', ...pieces, '.'];
}

function exactCount(result: Result, topology: Topology | undefined, name: string): Piece | undefined {
  const measurement = result.measurements.find(
    item =>
      item.topology === topology?.name &&
      item.condition === CONDITIONS.healthy &&
      item.exactCounts?.[name] !== undefined,
  );
  if (measurement === undefined) return undefined;
  return { text: formatNumber(measurement.exactCounts![name]!), measurement: measurement.id };
}

/**
 * The worst member of the worst round counts, as in the claims. An average would hide a member that went
 * silent.
 */
function readsSentence(result: Result, kinds: Kinds): Piece[] {
  const shown = [kinds.observers, kinds['observer masters']];
  const worst = (metric: string): Measurement | undefined =>
    shown
      .flatMap(topology => find(result, topology, metric, CONDITIONS.quorumLost) ?? [])
      .sort((a, b) => lowest(a) - lowest(b))[0];
  const observer = worst('observerReadAvailability');
  const voter = worst('voterReadAvailability');
  if (observer === undefined || voter === undefined) return [];
  return [
    'while the quorum was lost, the worst observer answered ',
    { text: `${formatNumber(lowest(observer))} %`, measurement: observer.id },
    ' of its reads, the worst voter ',
    { text: `${formatNumber(lowest(voter))} %`, measurement: voter.id },
    ` (n ${observer.summary.n}).`,
  ];
}

function lowest({ samples }: Measurement): number {
  return Math.min(...samples.map(({ value }) => value));
}

function count(topology: Topology, role: 'voter' | 'observer'): string {
  const members = topology.members.filter(member => member.role === role).length;
  return `${members} ${role}${members === 1 ? '' : 's'}`;
}
