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

/**
 * A module exports what others import. A type may be exported because a signature needs it. Names are looked
 * up as words, so the rule is quick and misses some.
 */
export function unusedExports(files: readonly SourceFile[]): Violation[] {
  const sources = files.filter(isTypeScript);
  const users = new Map<string, number>();
  for (const file of sources) for (const word of wordsOf(file)) users.set(word, (users.get(word) ?? 0) + 1);
  return sources.flatMap(file => {
    const lines = codeLines(file);
    const isOnlyHere = (name: string) => users.get(name) === 1;
    return lines.flatMap(({ number, code }) => {
      const [, kind, name = ''] = EXPORT.exec(code) ?? [];
      if (kind === undefined || !isOnlyHere(name)) return [];
      const word = new RegExp(`\\b${name}\\b`, 'g');
      const isUsedHere = lines.flatMap(line => line.code.match(word) ?? []).length > 1;
      if (isUsedHere && (kind === 'interface' || kind === 'type')) return [];
      const instead = isUsedHere ? 'keep it in its file' : 'remove it';
      return [`${file.path}:${number}: nothing imports "${name}"; ${instead}`];
    });
  });
}

const EXPORT =
  /^export (?:abstract )?(?:async )?(?:declare )?(function\*?|const|let|class|interface|type) (\w+)/;

function wordsOf(file: SourceFile): Set<string> {
  return new Set(codeLines(file).flatMap(({ code }) => code.match(/\w+/g) ?? []));
}

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
