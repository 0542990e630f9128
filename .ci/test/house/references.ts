/**
 * What a comment or a page refers to exists. The forms of a reference behind `@see`, separated by `; `, to
 * the end of the paragraph:
 *
 * - `docs/quorum.md "Discovery"`: a page of server/docs/, and a heading of it;
 * - `ZOOKEEPER-2845`, `CVE-2024-23944`: a ticket;
 * - `Linger`, `JuteReader.readLong`: a name that is declared in the tree, or a class in the table of
 *   docs/upstream.md;
 * - `epoch-question.ts`: a file of the tree;
 * - `proc(5)`: a page of the manual; `zookeeperAdmin "jute.maxbuffer"`: Apache's guide; `Author, Title
 *   (2012)`.
 *
 * Everywhere else `docs/NAME.md` (a page of server/docs/, or of the docs/ of the file's own top folder), rows
 * such as `004-2` and field reports such as `field report B4` are looked up too. A test name may begin with
 * what it is about: `ZOOKEEPER-2845, 3642:`, `B4:` or `L5:`, a claim.
 */
import { posix } from 'node:path';
import { isTypeScript, type SourceFile, topFolder, type Violation } from './source-file.ts';

const DOCS = 'server/docs/';
/** The test of these rules plants unresolved references. */
const PLANTS = '.ci/test/house.test.ts';

export function references(files: readonly SourceFile[]): Violation[] {
  const known = new Known(files);
  return files
    .filter(({ path }) => /\.(ts|md)$/.test(path) && path !== PLANTS && !path.startsWith('.ci/test/house/'))
    .flatMap(file => [
      ...mentions(file, known),
      ...testNames(file, known),
      ...(isTypeScript(file) ? seeTags(file, known) : links(file, known)),
    ]);
}

/** Everything that can be referred to. */
class Known {
  readonly paths: ReadonlySet<string>;
  /** Headings by page. */
  readonly pages: ReadonlyMap<string, ReadonlySet<string>>;
  /** Anchors of headings, by the path of the page. */
  readonly anchors: ReadonlyMap<string, ReadonlySet<string>>;
  readonly rows: ReadonlySet<string>;
  readonly reports: ReadonlySet<string>;
  readonly #names: ReadonlySet<string>;
  readonly #fileNames: ReadonlySet<string>;

  constructor(files: readonly SourceFile[]) {
    this.paths = new Set(files.map(({ path }) => path));
    this.#fileNames = new Set(files.map(({ path }) => posix.basename(path)));
    const markdown = files.filter(({ path }) => path.endsWith('.md'));
    this.anchors = new Map(markdown.map(({ path, text }) => [path, new Set(headings(text).map(anchorOf))]));
    const pages = files.filter(({ path }) => path.startsWith(DOCS));
    this.pages = new Map(pages.map(({ path, text }) => [path.slice(DOCS.length), new Set(headings(text))]));
    const textOf = (name: string): string => pages.find(({ path }) => path === DOCS + name)?.text ?? '';
    this.rows = firstCells(textOf('statements.md'));
    this.reports = firstCells(textOf('field-reports.md'));
    const upstream = [...firstCells(textOf('upstream.md'))].flatMap(cell => cell.match(/\w+/g) ?? []);
    this.#names = new Set([...upstream, ...files.filter(isTypeScript).flatMap(declaredNames)]);
  }

  /** Whether a top folder other than server/ has such a page itself. */
  isOwnPage({ path }: SourceFile, page: string): boolean {
    const own = `${topFolder(path)}/docs/${page}`;
    return own !== `${DOCS}${page}` && this.paths.has(own);
  }

  /** Whether one reference behind `@see` resolves. A heading may be on the line after its page. */
  resolves(reference: string, file: SourceFile): boolean {
    const [, page, heading] = /^docs\/([\w-]+\.md)(?: "([^"]+)")?$/.exec(reference) ?? [];
    if (page !== undefined) return heading === undefined || this.pages.get(page)?.has(heading) === true;
    if (/^(ZOOKEEPER-\d+|CVE-\d{4}-\d+)$/.test(reference)) return true;
    if (/^[\w-]+\(\d\)$|^zookeeperAdmin "[^"]+"$|^[A-Z].+, .+ \(\d{4}\)$/.test(reference)) return true;
    if (/^[\w.-]+\.ts$/.test(reference)) return this.#fileNames.has(reference);
    const [, name = ''] = /^([A-Za-z]\w*)(\.\w+)?$/.exec(reference) ?? [];
    return (
      this.#names.has(name) || (name !== '' && new RegExp(`^ +(#|readonly )?${name}\\b`, 'm').test(file.text))
    );
  }
}

function headings(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
}

function firstCells(markdown: string): Set<string> {
  return new Set([...markdown.matchAll(/^\| ([^|]+?) \|/gm)].map(([, cell = '']) => cell));
}

function declaredNames({ text }: SourceFile): string[] {
  return [...text.matchAll(/\b(?:class|function|interface|type|const)\s+(\w+)/g)].map(
    ([, name = '']) => name,
  );
}

/** References in any text: pages with their headings, rows of statements, field reports. */
function mentions(file: SourceFile, known: Known): Violation[] {
  return file.text.split('\n').flatMap((line, index) => {
    const at = `${file.path}:${index + 1}`;
    return [
      ...[...line.matchAll(/(?<![\w/])(?:server\/)?docs\/([\w-]+\.md)(?: "([^"]+)")?/g)]
        .filter(([, page = '']) => !known.isOwnPage(file, page))
        .flatMap(([, page = '', heading]) => pageViolation(at, page, heading, known)),
      ...[...line.matchAll(/(?<![\w-])(00[0-4]-\d+)(?![\w-])/g)]
        .filter(([, row = '']) => !known.rows.has(row))
        .map(([, row]) => `${at}: no row ${row} in ${DOCS}statements.md`),
      ...[...line.matchAll(/field reports? ([A-Z]\d+)/g)]
        .filter(([, report = '']) => !known.reports.has(report))
        .map(([, report]) => `${at}: no row ${report} in ${DOCS}field-reports.md`),
    ];
  });
}

function testNames({ path, text }: SourceFile, known: Known): Violation[] {
  if (!path.endsWith('.test.ts')) return [];
  return text.split('\n').flatMap((line, index) => {
    const [, about = ''] = /^\s*test\(['"`]([A-Z]?\d+[a-z]?(?:, [A-Z]?\d+)*): /.exec(line) ?? [];
    return about
      .split(', ')
      .filter(each => each !== '' && !each.startsWith('L') && !known.reports.has(each))
      .map(
        each =>
          `${path}:${index + 1}: a test about "${each}"; write ZOOKEEPER-N, or a row of ${DOCS}field-reports.md`,
      );
  });
}

function pageViolation(at: string, page: string, heading: string | undefined, known: Known): Violation[] {
  const headings = known.pages.get(page);
  if (headings === undefined) return [`${at}: there is no page ${DOCS}${page}`];
  if (heading === undefined || headings.has(heading)) return [];
  return [`${at}: ${DOCS}${page} has no heading "${heading}"; it has ${[...headings].join(', ')}`];
}

function seeTags(file: SourceFile, known: Known): Violation[] {
  const lines = file.text.split('\n');
  return lines.flatMap((line, index) => {
    if (!/^\s*(\*|\/\*|\/\/).*@see /.test(line)) return [];
    return line
      .split('@see ')
      .slice(1)
      .flatMap((text, tag, tags) => referencesOf(text, tag === tags.length - 1 ? lines.slice(index + 1) : []))
      .filter(reference => !known.resolves(reference, file))
      .map(
        reference =>
          `${file.path}:${index + 1}: "@see ${reference}" leads nowhere; house/references.ts has the forms`,
      );
  });
}

/** The references of one tag. Its paragraph may continue in the next lines of the comment. */
function referencesOf(start: string, next: readonly string[]): string[] {
  const text = [start];
  if (!start.includes('*/')) {
    for (const line of next) {
      const more = /^\s*(?:\*|\/\/)\s+([^@\s/].*)$/.exec(line)?.[1];
      if (more === undefined) break;
      text.push(more);
      if (more.includes('*/')) break;
    }
  }
  return text
    .join(' ')
    .replace(/\*\/.*$/, '')
    .trim()
    .replace(/\.$/, '')
    .split('; ');
}

/** Links of a page to files of the tree, to headings of other pages, and to its own headings. */
function links(file: SourceFile, known: Known): Violation[] {
  return [...file.text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter(target => !/^\w+:/.test(target))
    .filter(target => {
      const [path = '', anchor] = target.split('#');
      const page = path === '' ? file.path : posix.join(posix.dirname(file.path), path);
      return (
        !known.paths.has(page) || (anchor !== undefined && known.anchors.get(page)?.has(anchor) === false)
      );
    })
    .map(target => `${file.path}: the link to ${target} leads nowhere`);
}

/** The anchor that GitHub generates. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');
}
