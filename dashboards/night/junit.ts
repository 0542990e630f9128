/** A night as JUnit XML: a suite for each part, a case for the part itself and for each of its findings. */
import type { Finding, Night, NightPart } from '../../results/night.ts';
import { attribute } from '../compare/junit.ts';
import { findingText } from './lines.ts';

export function nightJunit({ parts, findings, id }: Night): string {
  const suites = parts.map(part =>
    suiteXml(
      part,
      findings.filter(each => each.part === part.part),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${attribute(`zklab night ${id}`)}">\n${suites.join('')}</testsuites>\n`;
}

function suiteXml({ part, outcome, seconds, text }: NightPart, findings: readonly Finding[]): string {
  const failures = findings.filter(({ status }) => status !== 'known').length;
  const known = findings.length - failures;
  const isVoid = outcome === 'void' ? 1 : 0;
  const skipped = (outcome === 'skipped' ? 1 : 0) + known;
  // What is void is an error in JUnit's terms: the test did not come to a result.
  const element = { void: 'error', skipped: 'skipped', passed: undefined, failed: undefined }[outcome];
  return (
    `  <testsuite name="${part}" tests="${findings.length + 1}" failures="${failures}" errors="${isVoid}" skipped="${skipped}" time="${seconds}">\n` +
    caseXml(part, 'ran to its end', element, text) +
    findings
      .map(each => caseXml(part, each.key, each.status === 'known' ? 'skipped' : 'failure', reasonOf(each)))
      .join('') +
    '  </testsuite>\n'
  );
}

function reasonOf(finding: Finding): string {
  const again = finding.command === undefined ? [] : [`again: ${finding.command}`];
  return [findingText(finding), ...finding.reasons, ...again].join('\n');
}

function caseXml(part: string, name: string, element: string | undefined, message: string): string {
  const open = `    <testcase classname="zklab.night.${part}" name="${attribute(name)}"`;
  return element === undefined
    ? `${open}/>\n`
    : `${open}>\n      <${element} message="${attribute(message)}"/>\n    </testcase>\n`;
}
