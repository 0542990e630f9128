/** The answer of a comparison in about ten lines: verdicts, counts, then one line for each family. */
import {
  CHANGES,
  type Change,
  type ComparedCount,
  type ComparedFamily,
  type Comparison,
  type GateItem,
} from '../../results/comparison.ts';
import { CONDITIONS } from '../../results/names.ts';
import { changeText, conditionText, countChange, verdictText } from './row-text.ts';

/** `bad` and `good` are news. A known failure is none. */
export type Tone = 'bad' | 'good' | 'plain';

export interface SummaryLine {
  readonly label: string;
  readonly text: string;
  readonly tone: Tone;
}

/** How many names a line lists before "and 4 more". */
const NAMED_MAX = 3;

const TONES: Readonly<Partial<Record<Change, Tone>>> = {
  'newly fails': 'bad',
  'newly void': 'bad',
  'now holds': 'good',
  'newly decided': 'good',
};

/** What cannot be compared has no line. @param gate the items of this comparison; undefined without a gate */
export function summaryOf(comparison: Comparison, gate?: readonly GateItem[]): SummaryLine[] {
  const { withheld, families } = comparison;
  return [
    ...differLine(comparison),
    ...(withheld === 'all' ? [] : [claimsLine(comparison), countsLine(comparison)]),
    ...families.map(familyLine),
    ...(gate === undefined ? [] : [gateLine(gate)]),
  ];
}

/** Conditions that the lines about a and b already name. */
const WITH_THE_SIDES = ['commit', 'suite'];

/** Differing conditions that matter have a notice of their own, and are not in this line. */
function differLine({ conditions }: Comparison): SummaryLine[] {
  const harmless = conditions
    .filter(({ what, matters }) => matters === 'no' && !WITH_THE_SIDES.includes(what))
    .map(conditionText);
  return harmless.length === 0 ? [] : [{ label: 'Differ', text: listed(harmless, NAMED_MAX), tone: 'plain' }];
}

function claimsLine({ claims }: Comparison): SummaryLine {
  const changed = CHANGES.flatMap(change => {
    const ids = claims.filter(claim => claim.change === change).map(({ id }) => id);
    if (ids.length === 0 || change === 'unchanged') return [];
    return [`${change} ${listed(ids, NAMED_MAX)}`];
  });
  return {
    label: 'Claims',
    text: claims.length === 0 ? 'none was judged' : changed.join('; ') || `all ${claims.length} unchanged`,
    tone: toneOf(claims.map(({ change }) => TONES[change] ?? 'plain')),
  };
}

function countsLine({ counts }: Comparison): SummaryLine {
  const of = (...verdicts: ComparedCount['verdict'][]) =>
    counts.filter(({ verdict }) => verdicts.includes(verdict));
  const [findings, same] = [of('grew', 'shrank'), of('same')];
  const missing = (['only in a', 'only in b'] as const).flatMap(side =>
    of(side).length === 0 ? [] : [`${of(side).length} ${side}`],
  );
  const judged = findings.length + same.length;
  const found = judged === 0 ? 'none in common' : differText(findings, judged);
  return {
    label: 'Counts',
    text: [found, ...missing].join('; '),
    tone: toneOf(findings.map(({ verdict }) => (verdict === 'grew' ? 'bad' : 'good'))),
  };
}

/** `2 of 40 differ: leaderMessagesPerWrite 4 → 8 (2×), observers` */
function differText(findings: readonly ComparedCount[], judged: number): string {
  const [first] = findings;
  if (first === undefined) return `none of ${judged} differs`;
  const { name, topology, condition } = first;
  const where = condition === CONDITIONS.healthy ? topology : `${topology}, ${condition}`;
  return `${findings.length} of ${judged} ${findings.length === 1 ? 'differs' : 'differ'}: ${name} ${countChange(first)}, ${where}`;
}

function familyLine({ label, verdict, cells, shown }: ComparedFamily): SummaryLine {
  const { topology, condition, unit } = shown;
  const where = condition === CONDITIONS.healthy ? topology : `${topology}, ${condition}`;
  if (verdict === 'worse' || verdict === 'better')
    return {
      label,
      text: `${changeText(shown.change, unit)} ${verdict}: ${where}${cells === 1 ? '' : `, the clearest of ${cells}`}`,
      tone: verdict === 'worse' ? 'bad' : 'good',
    };
  return { label, text: `${verdictText(shown)}: ${cells === 1 ? where : `${cells} cells`}`, tone: 'plain' };
}

/** `failed: 1 of claims, 2 of metrics; 149 passed, 10 undecided` */
function gateLine(items: readonly GateItem[]): SummaryLine {
  const of = (...outcomes: GateItem['outcome'][]) =>
    items.filter(({ outcome }) => outcomes.includes(outcome));
  const bySection = (label: string, found: readonly GateItem[]) => {
    const sections = [...new Set(found.map(({ section }) => section))].map(
      section => `${found.filter(item => item.section === section).length} of ${section}`,
    );
    return found.length === 0 ? [] : [`${label}: ${sections.join(', ')}`];
  };
  const broken = [...bySection('failed', of('failed')), ...bySection('void', of('void'))];
  const open = of('undecided').length;
  const rest = `${of('passed', 'known').length} passed${open === 0 ? '' : `, ${open} undecided`}`;
  return {
    label: 'Gate',
    text: [...broken, rest].join('; '),
    tone: broken.length === 0 ? 'plain' : 'bad',
  };
}

function toneOf(tones: readonly Tone[]): Tone {
  return tones.includes('bad') ? 'bad' : tones.includes('good') ? 'good' : 'plain';
}

/** `a, b, c and 4 more` */
function listed(items: readonly string[], max: number): string {
  const more = items.length - max;
  return more > 0 ? `${items.slice(0, max).join(', ')} and ${more} more` : items.join(', ');
}
