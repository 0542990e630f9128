import type { Claim, Judgement, Result } from '../../results/schema.ts';
import {
  countStandings,
  DOUBTFUL_FIRST,
  type Standing,
  standingOf,
  WORST_FIRST,
} from '../../results/verdicts.ts';

import { matrixLine } from '../matrix-rows.ts';

/** What one claim says. */
export interface Sentence {
  readonly claim: string;
  readonly standing: Standing;
  /** The claim's own sentence, with the number, interval and control of its ledger entry. */
  readonly text: string;
}

export interface Answer {
  /** `7 claims: 1 fails, 1 not shown here, 2 known failures, 3 hold` */
  readonly verdicts: string;
  readonly topics: readonly { readonly about: string; readonly sentences: readonly Sentence[] }[];
}

/** What a reader asks first, and the claims that answer it. */
const TOPICS: readonly (readonly [about: string, claims: readonly string[]])[] = [
  ['Observers', ['004-2', '004-5']],
  ['Observer masters', ['004-15', '000-11', '004-18', '004-18b']],
  ['Reads through an outage', ['003-3']],
];

/** The answer of a run, in the words of its claims. A claim that was not asked for is left out. */
export function answerOf(result: Result): Answer {
  const topics = TOPICS.map(([about, ids]) => ({
    about,
    sentences: ids.flatMap(id => result.claims.filter(claim => claim.id === id)).map(sentenceOf),
  })).filter(({ sentences }) => sentences.length > 0);
  return { verdicts: verdictsLine(result), topics };
}

function sentenceOf(claim: Claim): Sentence {
  return { claim: claim.id, standing: standingOf(claim), text: claim.finding ?? claim.reason };
}

function verdictsLine(result: Result): string {
  if (result.validity.void) return voidLine(result.validity.reasons);
  if (result.matrix !== undefined) return matrixLine(result.matrix);
  if (result.judgements !== undefined) return judgementsLine(result.judgements, result.faults.length);
  const counts = countStandings(result.claims);
  const parts = WORST_FIRST.filter(standing => counts[standing] > 0).map(standing =>
    countedText(counts[standing], standing),
  );
  const total = result.claims.length;
  return `${total} ${total === 1 ? 'claim' : 'claims'}: ${parts.join(', ') || 'none judged'}`;
}

/** The first reason alone, because there may be one for every round; notices have more of them. */
function voidLine([first = 'no reason recorded', ...more]: readonly string[]): string {
  const others = more.length === 1 ? '1 more reason' : `${more.length} more reasons`;
  return `This run is void: ${first}${more.length === 0 ? '' : ` (and ${others})`}`;
}

/** `1 fails`, `2 fail`, `2 known failures` */
function countedText(count: number, standing: Standing): string {
  const plural = { holds: 'hold', fails: 'fail', 'known failure': 'known failures' } as const;
  return `${count} ${count !== 1 && standing in plural ? plural[standing as keyof typeof plural] : standing}`;
}

/** `9 checkers under 5 faults: 8 valid, 1 unknown` */
function judgementsLine(judgements: readonly Judgement[], faults: number): string {
  const parts = DOUBTFUL_FIRST.flatMap(valid => {
    const times = judgements.filter(each => each.valid === valid).length;
    return times === 0 ? [] : [`${times} ${valid}`];
  });
  return `${judgements.length} checkers under ${faults} ${faults === 1 ? 'fault' : 'faults'}: ${parts.join(', ')}`;
}
