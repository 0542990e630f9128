/** The answer of a comparison in about ten lines: verdicts, counts, then one line for each family. */
import {
  CHANGES,
  type Change,
  type ComparedFamily,
  type Comparison,
  type GateItem,
} from '../../results/comparison.ts';
import { CONDITIONS } from '../../results/names.ts';
import { changeText, conditionText, countChange, isFinding, verdictText } from './row-text.ts';

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

/** What is withheld has no line. @param gate the items of this comparison; undefined without a gate */
export function summaryOf(comparison: Comparison, gate?: readonly GateItem[]): SummaryLine[] {
  const { withheld, families } = comparison;
  return [
    ...differLine(comparison),
    ...(withheld === 'all' ? [] : [claimsLine(comparison), countsLine(comparison)]),
    ...families.map(familyLine),
    ...(gate === undefined ? [] : [gateLine(gate)]),
  ];
}

/** Named in the lines about a and b. */
const WITH_THE_SIDES = ['commit', 'suite'];

/** Conditions that matter stand in a notice of their own. */
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
  const judged = counts.filter(({ verdict }) => verdict !== 'free');
  const findings = judged.filter(isFinding);
  if (judged.length === 0) return { label: 'Counts', text: 'none in common', tone: 'plain' };
  if (findings.length === 0)
    return { label: 'Counts', text: `none of ${judged.length} differs`, tone: 'plain' };
  const [first] = findings;
  const { name, topology, condition } = first!;
  const where = condition === CONDITIONS.healthy ? topology : `${topology}, ${condition}`;
  const text = `${findings.length} of ${judged.length} differ: ${name} ${countChange(first!)}, ${where}`;
  return {
    label: 'Counts',
    text: findings.length === 1 ? text.replace('differ:', 'differs:') : text,
    tone: toneOf(findings.map(({ verdict }) => (verdict === 'grew' ? 'bad' : 'good'))),
  };
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
