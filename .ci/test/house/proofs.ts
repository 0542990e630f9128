/**
 * Statements and tickets have their proofs. In the tables of docs/statements.md and of the bugs in
 * docs/upstream.md, the last cell of a row says what shows it:
 *
 * - `tree/digest.test.ts`: a test below server/, or with its whole path; it names the row or the ticket;
 * - "claim", "claims 004-6 and 000-3": claims of the lab; without a number, that of the row.
 *
 * The tests that other tables there name, and those of docs/field-reports.md, exist.
 */
import { isTypeScript, type SourceFile, type Violation } from './source-file.ts';

const PAGES = ['server/docs/statements.md', 'server/docs/upstream.md', 'server/docs/field-reports.md'];
/** A row of a statement, or of tickets. Statements of the lab are claims by their number. */
const ROW = /^\| ((?:00\d-\d+|ZOOKEEPER-\d+|CVE-\d+-\d+)(?:, (?:ZOOKEEPER-\d+|CVE-\d+-\d+))*) \|(.*)\|\s*$/;

export function proofs(files: readonly SourceFile[]): Violation[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const claims = new Set(
    files
      .filter(file => isTypeScript(file) && /^(bench|chaos)\//.test(file.path))
      .flatMap(({ text }) => [...text.matchAll(/\bid: '([\w-]+)'/g)].map(([, id = '']) => id)),
  );
  return PAGES.flatMap(page =>
    (texts.get(page) ?? '').split('\n').flatMap((line, index) => {
      if (!line.startsWith('| ')) return [];
      const [, subjects = '', cells = ''] = ROW.exec(line) ?? [];
      const at = `${page}:${index + 1}: ${subjects}`;
      const proof = subjects === '' ? line : (cells.split(' | ').slice(1).at(-1) ?? '');
      const tests = [...proof.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, test = '']) => test);
      const textOf = (test: string) => texts.get(`server/${test}`) ?? texts.get(test);
      const missing = tests.filter(test => textOf(test) === undefined);
      if (subjects === '') return missing.map(test => `${at}there is no test ${test}`);
      const named = claimsIn(proof, subjects);
      if (tests.length + named.length === 0)
        return [`${at}: its last cell names neither a test nor a claim that shows it`];
      const silent = subjects
        .split(', ')
        .filter(subject => tests.length > 0 && !tests.some(test => names(textOf(test) ?? '', subject)));
      return [
        ...missing.map(test => `${at}: there is no test ${test}`),
        ...silent.map(subject => `${at}: none of its tests names ${subject}`),
        ...named.filter(claim => !claims.has(claim)).map(claim => `${at}: there is no claim ${claim}`),
      ];
    }),
  );
}

function claimsIn(proof: string, subject: string): string[] {
  const numbers = /\bclaims? (.*)$/.exec(proof)?.[1]?.match(/\b(?:L\d+|00\d-\d+)\b/g);
  return numbers ?? (/\bclaim\b/.test(proof) ? [subject] : []);
}

/** A ticket may be named by its number alone. */
function names(text: string, subject: string): boolean {
  const number = subject.replace(/^ZOOKEEPER-/, '');
  return new RegExp(`(?<![\\w-])(?:ZOOKEEPER-)?${number}(?![\\w-])`).test(text);
}
