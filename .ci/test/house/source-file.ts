/** A file of the tree, path relative to the root. Rules are pure functions from these to violations. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** `path:line: what is wrong, and what to do instead`. */
export type Violation = string;

export interface CodeLine {
  readonly number: number;
  readonly code: string;
}

export function isTypeScript(file: SourceFile): boolean {
  return file.path.endsWith('.ts');
}

/** Tests, and the kits that they share. */
export function isTest(file: SourceFile): boolean {
  return /\.test(-kit)?\.ts$/.test(file.path);
}

/** The top folder of a path; '' for a file at the top. */
export function topFolder(path: string): string {
  const slash = path.indexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/**
 * Lines without comments, judged by the start of each line. The formatter puts no code behind a closing
 * comment.
 */
export function codeLines(file: SourceFile): CodeLine[] {
  return file.text
    .split('\n')
    .map((line, index) => ({ number: index + 1, code: line.replace(/(^|\s)\/\/.*$/, '') }))
    .filter(({ code }) => !/^\s*(\*|\/\*)/.test(code));
}

/** Everything that is imported or re-exported, statically or dynamically. */
export function imports(file: SourceFile): { readonly number: number; readonly target: string }[] {
  const found: { number: number; target: string }[] = [];
  for (const { number, code } of codeLines(file)) {
    for (const [, target] of code.matchAll(/\b(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g)) {
      if (target !== undefined) found.push({ number, target });
    }
  }
  return found;
}
