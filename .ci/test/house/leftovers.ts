import { codeLines, isTypeScript, type SourceFile, type Violation } from './source-file.ts';

// The character classes keep these patterns from matching themselves.
const IN_ANY_TEXT: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b/, 'do it now or write an issue'],
];
const IN_CODE: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\.onl[y]\(/, 'run one file by itself instead'],
  [/:\s*an[y]\b|\bas an[y]\b|<an[y]\b/, 'name the type, or use unknown'],
];
const IN_TYPESCRIPT: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/@ts-(ignor[e]|nochec[k])/, 'mend the type'],
];

/** Finds what must be removed before a change is landed. */
export function leftovers(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => isWritten(path))
    .flatMap(file => {
      const lines = file.text.split('\n').map((code, index) => ({ number: index + 1, code }));
      const found = matches(file, lines, IN_ANY_TEXT);
      if (!isTypeScript(file)) return found;
      return [...found, ...matches(file, lines, IN_TYPESCRIPT), ...matches(file, codeLines(file), IN_CODE)];
    });
}

function isWritten(path: string): boolean {
  return /\.(ts|js|mjs|sh|md|yaml|yml|css|html)$/.test(path) || path === '.ci/run';
}

function matches(
  file: SourceFile,
  lines: readonly { number: number; code: string }[],
  patterns: readonly (readonly [pattern: RegExp, instead: string])[],
): Violation[] {
  return lines.flatMap(({ number, code }) =>
    patterns.flatMap(([pattern, instead]) => {
      const found = pattern.exec(code);
      return found === null ? [] : [`${file.path}:${number}: "${found[0]}"; ${instead}`];
    }),
  );
}
