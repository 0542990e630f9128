import { isTest, isTypeScript, type SourceFile, topFolder, type Violation } from './source-file.ts';

const LINES_MAX = 450;
const LINES_MEDIAN_MAX = 180;
/** A long file says why within this many first lines. */
const HEADER_LINES = 20;

/**
 * Above 450 lines the header says why: "Long because ...". The median of the tree is limited too.
 */
export function fileLengths(files: readonly SourceFile[]): Violation[] {
  const sources = files.filter(isTypeScript);
  const tooLong = sources
    .filter(file => lineCount(file) > LINES_MAX && !saysWhyItIsLong(file))
    .map(file => `${file.path}: ${lineCount(file)} lines; split it, or say "Long because ..." in its header`);
  const lengths = sources.filter(file => !isTest(file)).map(lineCount);
  const median = [...lengths].sort((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0;
  if (median <= LINES_MEDIAN_MAX) return tooLong;
  return [...tooLong, `the median of file lengths is ${median} lines, above ${LINES_MEDIAN_MAX}`];
}

function lineCount(file: SourceFile): number {
  return file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
}

function saysWhyItIsLong(file: SourceFile): boolean {
  return file.text.split('\n', HEADER_LINES).join('\n').includes('Long because');
}

const COMMENT_COLUMNS_MAX = 110;

/**
 * Comments are as narrow as the formatter keeps code. A line that cannot be divided (a path, an address) may
 * be longer.
 */
export function commentWidths(files: readonly SourceFile[]): Violation[] {
  return files.filter(isTypeScript).flatMap(file =>
    file.text.split('\n').flatMap((line, index) => {
      const [, comment = ''] =
        /^\s*(?:\*|\/\*\*?|\/\/)\s*(.*)$/.exec(line) ?? /\s\/\/ (.*)$/.exec(line) ?? [];
      if (line.length <= COMMENT_COLUMNS_MAX || !comment.includes(' ') || isInQuotes(line)) return [];
      const limit = `${COMMENT_COLUMNS_MAX} are accepted`;
      return [`${file.path}:${index + 1}: a comment that ends in column ${line.length}; ${limit}`];
    }),
  );
}

/** Text in a string of a test that looks like a comment. */
function isInQuotes(line: string): boolean {
  return !/^\s*(\*|\/\*|\/\/)/.test(line) && /['"`].*\/\/ .*['"`]/.test(line);
}

const PROSE_COLUMNS_MAX = 150;

/** Prose in Markdown can be read in a terminal. Tables and code are as wide as they must be. */
export function proseWidths(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) => {
      let isCode = false;
      return text.split('\n').flatMap((line, index) => {
        if (line.trimStart().startsWith('```')) isCode = !isCode;
        if (isCode || line.startsWith('|') || line.length <= PROSE_COLUMNS_MAX) return [];
        return [`${path}:${index + 1}: ${line.length} columns; wrap prose at ${PROSE_COLUMNS_MAX} or before`];
      });
    });
}

const TOP_FOLDERS = ['server', 'bench', 'chaos', 'dashboards', 'results'];
const TOP_FILES = new Set([
  'zklab.ts',
  'README.md',
  'LICENSE',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'package.json',
  'package-lock.json',
]);
const TOOL_CONFIG = /^(tsconfig(\.\w+)?|biome)\.json$|\.config\.(js|ts|mjs)$/;

/**
 * The top level contains only the five folders, the front door, documents about the project, and the
 * configuration of packages and tools.
 */
export function topLevel(files: readonly SourceFile[]): Violation[] {
  const entries = new Set(files.map(({ path }) => topFolder(path) || path));
  return [...entries]
    .filter(entry => !entry.startsWith('.') && !TOP_FILES.has(entry) && !TOP_FOLDERS.includes(entry))
    .filter(entry => !TOOL_CONFIG.test(entry))
    .map(entry => `${entry}: does not belong at the top of the tree (design, section 1)`);
}

/** Each top folder with code has a README. Required once the root README has its title. */
export function folderReadmes(files: readonly SourceFile[]): Violation[] {
  const root = files.find(({ path }) => path === 'README.md');
  if (!root?.text.startsWith('# ')) return [];
  return TOP_FOLDERS.filter(folder =>
    files.some(file => topFolder(file.path) === folder && isTypeScript(file)),
  )
    .filter(folder => !files.some(({ path, text }) => path === `${folder}/README.md` && text.trim() !== ''))
    .map(folder => `${folder}/README.md: missing; say what the folder is for and in which order to read it`);
}
