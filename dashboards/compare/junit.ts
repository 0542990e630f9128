/** A gate as JUnit XML, which CI services show: a suite for each section, a case for each item. */
import type { ComparisonDocument, GateItem } from '../../results/comparison.ts';
import { sideName } from './row-text.ts';

/** @throws RangeError without a gate */
export function comparisonJunit({ comparisons, gate }: ComparisonDocument): string {
  if (gate === null) throw new RangeError('JUnit XML needs a gate');
  const suites = comparisons.flatMap((comparison, index) => {
    const items = gate.items[index] ?? [];
    const prefix = comparisons.length === 1 ? '' : `${sideName(comparison.b)}: `;
    return [...new Set(items.map(({ section }) => section))].map(section =>
      suiteXml(
        prefix + section,
        items.filter(item => item.section === section),
      ),
    );
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${attribute(`zklab compare, ${gate.source}`)}">\n${suites.join('')}</testsuites>\n`;
}

function suiteXml(name: string, items: readonly GateItem[]): string {
  const count = (...outcomes: GateItem['outcome'][]) =>
    items.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return (
    `  <testsuite name="${attribute(name)}" tests="${items.length}" failures="${count('failed')}" errors="${count('void')}" skipped="${count('undecided', 'known')}">\n` +
    `${items.map(caseXml).join('')}  </testsuite>\n`
  );
}

/** What is void is an error in JUnit's terms: the test did not come to a result. */
const ELEMENTS: Readonly<Record<GateItem['outcome'], string | undefined>> = {
  passed: undefined,
  known: 'skipped',
  undecided: 'skipped',
  failed: 'failure',
  void: 'error',
};

function caseXml({ section, what, outcome, reason, at }: GateItem): string {
  const element = ELEMENTS[outcome];
  const message = at === undefined ? reason : `${reason} [${at}]`;
  const open = `    <testcase classname="${attribute(`zklab.compare.${section}`)}" name="${attribute(what)}"`;
  return element === undefined
    ? `${open}/>\n`
    : `${open}>\n      <${element} message="${attribute(outcome === 'known' ? `known failure: ${message}` : message)}"/>\n    </testcase>\n`;
}

/**
 * Text in an attribute in double quotes. XML 1.0 has no way to write most control characters and lone
 * surrogates (section 2.2 of its specification), so these become U+FFFD.
 */
export function attribute(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[\t\n\r]/g, character => `&#${character.charCodeAt(0)};`);
}
