/**
 * Enforces the house rules on the present tree. Each rule is also tested against planted violations and clean
 * examples.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { assert, suite } from '#test';
import { importDirections, moduleState, propertiesHaveTheSeed, runtimeBoundary } from './house/boundaries.ts';
import { leftovers, unusedExports } from './house/leftovers.ts';
import { dependencyTable, lockFileHosts } from './house/packages.ts';
import { proofs } from './house/proofs.ts';
import { references } from './house/references.ts';
import { registryTables, withTables } from './house/registry-tables.ts';
import { fileCircles, roomOrder } from './house/rooms.ts';
import { commentWidths, fileLengths, folderReadmes, proseWidths, topLevel } from './house/shape.ts';
import type { SourceFile, Violation } from './house/source-file.ts';

const test = suite('house');
const ROOT = join(import.meta.dirname, '..', '..', '..');

interface Rule {
  readonly name: string;
  readonly check: (files: readonly SourceFile[]) => Violation[];
  /** Each must give at least one violation that matches. */
  readonly planted: readonly (readonly [files: Record<string, string>, said: RegExp])[];
  /** Each must give none. */
  readonly clean: readonly Record<string, string>[];
}

const long = (lines: number) => 'x\n'.repeat(lines);
const tableHead = '## Dependencies\n\n| package | for | why this one |\n|---|---|---|\n';
const withRow = (row: string) => `${tableHead}${row}\n\n## After\n| \`other\` | a | b |\n`;
const importsFastCheck = `import fc ${'from'} 'fast-check';`;
const needsUvu = '{ "devDependencies": { "uvu": "1" } }';
/** Words that the rules look for, split so that they are not found in this file. */
const word = (a: string, b: string) => `${a}${b}`;
const ANY = word('an', 'y');

const rules: readonly Rule[] = [
  {
    name: 'server/ reaches the world through Runtime only',
    check: runtimeBoundary,
    planted: [
      [
        { 'server/tree/a.ts': "import { connect } from 'node:net';" },
        /^server\/tree\/a\.ts:1: imports node:net/,
      ],
      [{ 'server/a.ts': "import { readFile } from 'node:fs/promises';" }, /node:fs\/promises/],
      [{ 'server/a.ts': "const tls = await import('node:tls');" }, /node:tls/],
      [{ 'server/a.ts': "import fastify from 'fastify';" }, /fastify/],
      [{ 'server/a.ts': 'const now = Date.now();' }, /Date\.now; use runtime\.clock/],
      [{ 'server/a.ts': 'const now = Date.now;' }, /Date\.now/],
      [{ 'server/a.ts': 'return new Date();' }, /wallMs/],
      [{ 'server/a.ts': 'x = performance.now()' }, /monotonicMs/],
      [{ 'server/a.ts': 'const r = Math.random();' }, /runtime\.random/],
      [{ 'server/a.ts': "import { randomBytes } from 'node:crypto';" }, /runtime\.random/],
      [{ 'server/a.ts': '  setTimeout(run, 5);' }, /:1: setTimeout; use runtime\.clock\.after/],
      [{ 'server/a.ts': 'setImmediate(run); queueMicrotask(run)' }, /atEndOfTurn/],
      [{ 'server/a.ts': '\nprocess.nextTick(run);' }, /:2: process\.nextTick/],
    ],
    clean: [
      { 'server/runtime/node/node-clock.ts': "import 'node:net'; setTimeout(run, Date.now());" },
      { 'server/tree/a.test.ts': "import { readFileSync } from 'node:fs'; setTimeout(run, 1);" },
      { 'server/a.ts': "import { createHash } from 'node:crypto';\nimport { join } from 'node:path';" },
      {
        'server/a.ts': '// not Date.now(), which jumps\n/**\n * never setTimeout\n */\nclock.setTimeout(1);',
      },
      { 'server/a.ts': 'return new Date(wallMs).toISOString();' },
      { 'bench/a.ts': 'Date.now()' },
    ],
  },
  {
    name: 'no module of server/ keeps state',
    check: moduleState,
    planted: [
      [{ 'server/a.ts': 'let next = 0;' }, /^server\/a\.ts:1: "let next = 0;"/],
      [{ 'server/runtime/a.ts': '\nexport let next: number | undefined;' }, /:2:/],
      [{ 'server/a.ts': 'const sessions = new Map<number, Session>();' }, /new Map/],
      [{ 'server/a.ts': 'export const all = new Set();' }, /new Set/],
      [{ 'server/a.ts': 'const queue: Request[] = [];' }, /queue/],
    ],
    clean: [
      { 'server/a.ts': 'function f() {\n  let i = 0;\n  const seen = new Set();\n}' },
      { 'server/a.ts': "const names: ReadonlySet<string> = new Set(['a']);\nconst ALL = [1, 2] as const;" },
      { 'server/a.ts': 'const NONE: readonly Acl[] = [];\nconst NO: ReadonlySet<string> = new Set();' },
      { 'server/a.test.ts': 'let calls = 0;' },
      { 'bench/a.ts': 'let calls = 0;' },
    ],
  },
  {
    name: 'imports run one way',
    check: importDirections,
    planted: [
      [
        { 'server/a/b.ts': "import { x } from '../../bench/load/x.ts';" },
        /server\/ may import nothing outside/,
      ],
      [{ 'server/a.ts': "export { x } from '../results/x.ts';" }, /imports results\/x\.ts/],
      [{ 'results/a.ts': "import type { X } from '../server/x.ts';" }, /results\/ may import nothing/],
      [{ 'bench/a.ts': "import '../chaos/x.ts';" }, /bench\/ may import only server, results/],
      [{ 'dashboards/a.ts': "import { x } from '../bench/x.ts';" }, /dashboards\/ may import only results/],
      [{ 'chaos/a.ts': "const x = await import('../dashboards/x.ts');" }, /imports dashboards\/x\.ts/],
      [{ 'server/a.ts': "import {\n  x,\n} from '../chaos/x.ts';" }, /^server\/a\.ts:3/],
      [{ 'chaos/a.ts': "import { main } from '../zklab.ts';" }, /imports zklab\.ts/],
    ],
    clean: [
      { 'zklab.ts': "import { x } from './dashboards/x.ts'; import { y } from './chaos/y.ts';" },
      { 'chaos/a.ts': "import { x } from '../bench/x.ts'; import { y } from '../server/y.ts';" },
      { 'server/a/b.ts': "import { assert } from '#test'; import { x } from '../wire/x.ts';" },
      { '.ci/test/a.ts': "import { x } from '../../chaos/x.ts';" },
    ],
  },
  {
    name: 'rooms import one way',
    check: roomOrder,
    planted: [
      [
        { 'server/wire/a.ts': "import type { X } from '../tree/x.ts';" },
        /^server\/wire\/a\.ts:1: imports server\/tree\/x\.ts; tree stands behind wire/,
      ],
      [{ 'server/master/a.ts': "import { x } from '../learner/x.ts';" }, /learner stands behind master/],
      [{ 'server/errors.ts': "import { x } from './wire/x.ts';" }, /wire stands behind errors\.ts/],
      [{ 'bench/stats/a.ts': "import { x } from '../load/x.ts';" }, /load stands behind stats/],
      [{ 'chaos/mesh/a.ts': "const x = await import('../faults/x.ts');" }, /faults stands behind mesh/],
      [{ 'chaos/faults/a.ts': "import { x } from '../testing/x.ts';" }, /testing stands behind faults/],
      [{ 'server/attic/a.ts': '' }, /server\/attic has no place in the order/],
    ],
    clean: [
      { 'server/tree/a.ts': "import { x } from '../wire/x.ts'; import { y } from './b/y.ts';" },
      { 'server/quorum/a.ts': "import { x } from '../master/x.ts'; import { y } from '../errors.ts';" },
      { 'server/wire/a.test.ts': "import { x } from '../tree/x.ts';" },
      { 'chaos/toxiproxy/conformance/a.ts': "import { x } from '../../testing/x.ts';" },
      { 'results/a.ts': "import { x } from './b/x.ts';" },
    ],
  },
  {
    name: 'no circle of files',
    check: fileCircles,
    planted: [
      [
        {
          'server/wire/b.ts': "import type { A } from './a.ts';",
          'server/wire/a.ts': "export { b } from './b.ts';",
        },
        /^server\/wire\/a\.ts: a circle of imports: server\/wire\/a\.ts, server\/wire\/b\.ts$/,
      ],
      [
        {
          'results/a.ts': "import './b.ts';",
          'results/b.ts': "import './c.ts';",
          'results/c.ts': "import './a.ts';",
          'results/d.ts': "import './a.ts';",
        },
        /a circle of imports: results\/a\.ts, results\/b\.ts, results\/c\.ts$/,
      ],
    ],
    clean: [
      {
        'results/a.ts': "import './b.ts'; import './c.ts';",
        'results/b.ts': "import './c.ts';",
        'results/c.ts': '',
      },
      { 'results/a.ts': "import './a-missing.ts';" },
    ],
  },
  {
    name: 'properties have the seed of the house',
    check: propertiesHaveTheSeed,
    planted: [[{ 'server/a.test.ts': importsFastCheck }, /^server\/a\.test\.ts:1/]],
    clean: [
      { 'server/a.test.ts': "import { fc } from '#test/properties';" },
      { '.ci/test/properties.ts': importsFastCheck },
    ],
  },
  {
    name: 'files are short, or say why they are long',
    check: fileLengths,
    planted: [
      [{ 'server/a.ts': long(451) }, /^server\/a\.ts: 451 lines/],
      [{ 'server/a.test.ts': long(451) }, /^server\/a\.test\.ts: 451 lines/],
      [{ 'server/a.ts': `${long(450)}// Long because it is late` }, /451 lines/],
      [{ 'a.ts': long(181), 'b.ts': long(181) }, /median of file lengths is 181/],
    ],
    clean: [
      { 'server/a.ts': `// Long because it is one table.\n${long(700)}`, ...shortFiles(10) },
      { 'server/a.ts': long(450), 'server/a.test.ts': long(450), ...shortFiles(10) },
      { 'results/data.yaml': long(9_000) },
    ],
  },
  {
    name: 'comments have at most 110 columns',
    check: commentWidths,
    planted: [
      [{ 'server/a.ts': `x\n${wide('/** ', 110)} */` }, /^server\/a\.ts:2: .* column 113; 110 are accepted/],
      [{ 'bench/a.ts': wide('   * ', 111) }, /column 111/],
      [{ 'bench/a.test.ts': wide('  // ', 111) }, /column 111/],
      [{ 'bench/a.ts': wide('const x = 1; // ', 111) }, /column 111/],
    ],
    clean: [
      { 'server/a.ts': `${wide(' * ', 110)}\n${wide('const x = 1; // ', 110)}` },
      { 'server/a.ts': `// ${'x'.repeat(120)}` },
      { 'server/a.test.ts': `  ['${wide('// ', 115)}'],` },
      { 'README.md': wide('// ', 120) },
    ],
  },
  {
    name: 'prose in Markdown has at most 150 columns',
    check: proseWidths,
    planted: [
      [{ 'README.md': `# x\n${wide('- ', 151)}` }, /^README\.md:2: 151 columns/],
      [{ 'bench/README.md': `\`\`\`\nx\n\`\`\`\n${wide('', 151)}` }, /^bench\/README\.md:4:/],
    ],
    clean: [
      { 'README.md': `${wide('', 150)}\n${wide('| ', 300)}\n\`\`\`\n${wide('', 200)}\n\`\`\`` },
      { 'bench/a.yaml': wide('# ', 200) },
    ],
  },
  {
    name: 'nothing else stands at the top',
    check: topLevel,
    planted: [
      [{ 'notes.md': '' }, /^notes\.md/],
      [{ 'utils/a.ts': '' }, /^utils/],
      [{ node_modules: '/elsewhere/node_modules' }, /^node_modules/],
      [{ 'run.sh': '' }, /^run\.sh/],
    ],
    clean: [
      { 'zklab.ts': '', 'README.md': '', 'package.json': '', 'package-lock.json': '', 'tsconfig.json': '' },
      { LICENSE: '', 'CONTRIBUTING.md': '', 'CHANGELOG.md': '' },
      { 'biome.json': '', 'x.config.ts': '', '.gitignore': '', '.ci/run': '', 'tsconfig.browser.json': '' },
      { 'server/a.ts': '', 'bench/a.ts': '', 'chaos/a.ts': '', 'dashboards/a.ts': '', 'results/a.ts': '' },
    ],
  },
  {
    name: 'nothing is left behind',
    check: leftovers,
    planted: [
      [{ 'server/a.ts': `// ${word('TO', 'DO')}: later` }, /^server\/a\.ts:1/],
      [{ 'server/README.md': word('FIX', 'ME') }, /README\.md:1/],
      [{ '.ci/run': `# ${word('HA', 'CK')}` }, /\.ci\/run:1/],
      [{ 'bench/a.yaml': `# ${word('XX', 'X')}` }, /a\.yaml:1/],
      [{ 'a.test.ts': `test.${word('on', 'ly')}('x', run)` }, /run one file by itself/],
      [{ 'a.ts': `function f(x: ${ANY}) {}` }, /name the type/],
      [{ 'a.ts': `const x = y as ${ANY};` }, /name the type/],
      [{ 'a.ts': `// @ts-${word('ig', 'nore')}` }, /mend the type/],
    ],
    clean: [
      { 'a.ts': `// as many: ${ANY} member\nconst mkdtemp = "XXXXXX";` },
      { 'README.md': `any client: ${ANY} port` },
      { 'a.png': word('TO', 'DO') },
    ],
  },
  {
    name: 'what a file exports has a user',
    check: unusedExports,
    planted: [
      [{ 'bench/a.ts': 'export const A_MAX = 1;\nuse(A_MAX);' }, /^bench\/a\.ts:1: .*"A_MAX"; keep it/],
      [{ 'bench/a.ts': 'export async function* gone() {}' }, /"gone"; remove it/],
      [{ 'bench/a.ts': 'export type Gone = 1;', 'bench/b.ts': '// Gone' }, /"Gone"; remove it/],
    ],
    clean: [
      { 'bench/a.ts': 'export function a() {}', 'bench/a.test.ts': "import { a } from './a.ts';" },
      { 'bench/a.ts': 'export interface Options {}\nfunction a(options: Options) {}' },
    ],
  },
  {
    name: 'every dependency has its row',
    check: dependencyTable,
    planted: [
      [{ 'package.json': needsUvu }, /no row for uvu/],
      [{ 'package.json': needsUvu, 'README.md': '| `uvu` | tests | given |' }, /no row for uvu/],
      [
        { 'package.json': needsUvu, 'README.md': withRow('| `uvu` | tests | |') },
        /must say package, for and why/,
      ],
      [{ 'package.json': '{}', 'README.md': withRow('| `gone` | a | b |') }, /a row for gone/],
    ],
    clean: [{ 'package.json': needsUvu, 'README.md': withRow('| `uvu` | tests | given |') }],
  },
  {
    name: 'tables of READMEs and pages are those of the registries',
    check: registryTables,
    planted: [
      [
        { 'bench/README.md': tableText('sutes') },
        /^bench\/README\.md:1: no list is named sutes; there are claims/,
      ],
      [
        { 'bench/README.md': withTables(tableText('faults')).replace('`kill`', '`kil`') },
        /the table of faults differs from its registry; .*--write/,
      ],
      [{ 'bench/README.md': '<!-- zklab list faults -->\n' }, /the list of faults has no "<!-- end/],
      [{ 'chaos/README.md': '' }, /no page has a table of checkers/],
    ],
    clean: [
      { 'bench/README.md': `# x\n${withTables(tableText('faults'))}y\n${withTables(tableText('claims'))}` },
      { 'bench/README.md': 'no table\n' },
    ],
  },
  {
    name: 'each top folder has its README',
    check: folderReadmes,
    planted: [[{ 'README.md': '# zklab', 'server/a.ts': '' }, /^server\/README\.md: missing/]],
    clean: [
      { 'README.md': '# zklab', 'server/a.ts': '', 'server/README.md': '# The server' },
      { 'README.md': '# zklab', 'bench/suites/a.yaml': '' },
      { 'README.md': '## Dependencies', 'server/a.ts': '' },
    ],
  },
  {
    name: 'every reference leads somewhere',
    check: references,
    planted: [
      [
        { 'server/a.ts': '/** @see facts section 3 */' },
        /^server\/a\.ts:1: "@see facts section 3" leads nowhere/,
      ],
      [{ 'server/a.ts': '/** @see docs/gone.md */' }, /no page server\/docs\/gone\.md/],
      [withPage({ 'server/a.ts': ' * @see docs/wire.md "Gone"' }), /has no heading "Gone"; it has .*Multi/],
      [
        withPage({ 'server/a.ts': '\n/** @see docs/wire.md "Multi"; ZOOKEEPER-x */' }),
        /:2: "@see ZOOKEEPER-x"/,
      ],
      [{ 'server/a.ts': '  // First. @see NoSuchName' }, /@see NoSuchName/],
      [{ 'server/a.ts': ' * @see ZOOKEEPER-1;\n * Nowhere\n */' }, /@see Nowhere/],
      [
        withPage({ 'server/a.ts': ' * @see docs/wire.md "Multi\n * Gone"\n */' }),
        /@see docs\/wire\.md "Multi Gone"/,
      ],
      [{ 'server/a.ts': '/** @see gone.ts */' }, /@see gone\.ts/],
      [{ 'bench/a.ts': '// Row 004-99.' }, /no row 004-99/],
      [withPage({ 'bench/a.test.ts': "test('field report B99: x')" }), /no row B99/],
      [withPage({ 'bench/a.test.ts': "test('B4, F9: x')" }), /a test about "F9"; write ZOOKEEPER-N/],
      [{ 'bench/a.test.ts': "  test('2845: x')" }, /:1: a test about "2845"/],
      [{ 'server/README.md': '[x](docs/gone.md)' }, /link to docs\/gone\.md/],
      [{ 'README.md': '# A\n[x](#b)' }, /link to #b/],
      [{ 'README.md': '[x](bench/docs/a.md#b)', 'bench/docs/a.md': '# A' }, /link to bench\/docs\/a\.md#b/],
    ],
    clean: [
      withPage({
        'server/a.ts':
          '/** Sent once. @see docs/wire.md "Multi"; ZOOKEEPER-1; Upstream.method; Local.x */\nclass Local {}',
        'bench/b.ts': '/** @see CVE-2024-23944; a.ts\n * @see proc(5); Groce et al., Swarm Testing (2012) */',
        'bench/b.test.ts': "test('B4: x');\ntest('ZOOKEEPER-2845, 3642: x');\ntest('L5: x');",
        'server/README.md':
          '# The way\n[x](docs/wire.md#multi), [y](#the-way), row 004-2, field report B4, docs/wire.md',
      }),
      { 'README.md': '[x](https://example.org), [y](bench/docs/a.md#a)', 'bench/docs/a.md': '# A' },
      { 'bench/README.md': '[x](docs/a.md)', 'bench/docs/a.md': '# A' },
    ],
  },
  {
    name: 'statements and tickets have tests or claims that name them',
    check: proofs,
    planted: [
      [{ 'server/docs/statements.md': '| 004-2 | said |' }, /004-2: its last cell names neither/],
      [proved('| 004-2 | said | `b.test.ts` |', ''), /there is no test b\.test\.ts/],
      [proved('| another bug | said | `c.test.ts` |', ''), /statements\.md:1: there is no test c\.test\.ts/],
      [proved('| 004-2 | said | `a.test.ts` |', '004-20'), /none of its tests names 004-2/],
      [proved('| 004-2 | said | claim |', ''), /there is no claim 004-2/],
      [proved('| CVE-1-1, ZOOKEEPER-2 | x | `a.test.ts` |', 'CVE-1-1'), /names ZOOKEEPER-2/],
    ],
    clean: [proved('| 004-2 | said | `a.test.ts`, claim L1 |', "004-2: id: 'L1'")],
  },
  {
    name: 'the lock file names no registry',
    check: lockFileHosts,
    planted: [[{ 'package-lock.json': '"resolved": "https://registry.example/x.tgz"' }, /registry\.example/]],
    clean: [{ 'package-lock.json': '"integrity": "sha512-x"' }],
  },
];

/** A README with a place for the table of one kind. */
function tableText(kind: string): string {
  return `<!-- zklab list ${kind} -->\n<!-- end of the list -->\n`;
}

/** Words behind `start`, up to a column. */
function wide(start: string, columns: number): string {
  return `${start}${'ab '.repeat(columns)}`
    .slice(0, columns - 1)
    .replace(/ $/, 'a')
    .concat('b');
}

/** A tree with the pages that references point to. */
function withPage(files: Record<string, string>): Record<string, string> {
  return {
    'server/docs/wire.md': '# Wire\n\n## Multi\n',
    'server/docs/statements.md': '| 004-2 | said |\n',
    'server/docs/field-reports.md': '| B4 | holds |\n',
    'server/docs/upstream.md': '| `Upstream`, `Other` | server | what |\n',
    ...files,
  };
}

/** A row, and a test with a claim in it. */
function proved(row: string, text: string): Record<string, string> {
  return { 'server/docs/statements.md': row, 'bench/a.test.ts': text, 'server/a.test.ts': text };
}

function shortFiles(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`bench/${index}.ts`, 'x\n']));
}

function toFiles(texts: Record<string, string>): SourceFile[] {
  return Object.entries(texts).map(([path, text]) => ({ path, text }));
}

for (const { name, check, planted, clean } of rules) {
  test(`sees what was planted: ${name}`, () => {
    for (const [texts, said] of planted) {
      const violations = check(toFiles(texts));
      const paths = Object.keys(texts).join(', ');
      assert.ok(
        violations.some(violation => said.test(violation)),
        `${said} of ${paths}: ${violations.join('\n')}`,
      );
    }
    for (const texts of clean)
      assert.equal(check(toFiles(texts)), [], Object.values(texts).join('\n').slice(0, 200));
  });

  test(`holds on the tree: ${name}`, async () => {
    const violations = check(await tree());
    assert.is(violations.length, 0, `\n${violations.join('\n')}`);
  });
}

let treeRead: Promise<SourceFile[]> | undefined;

/** The files that git tracks or would track, so that a new file counts before it is added. */
function tree(): Promise<SourceFile[]> {
  treeRead ??= readTree();
  return treeRead;
}

async function readTree(): Promise<SourceFile[]> {
  const listed = await execa('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
  });
  const deleted = await execa('git', ['ls-files', '--deleted', '-z'], { cwd: ROOT });
  const gone = new Set(deleted.stdout.split('\0'));
  const paths = listed.stdout.split('\0').filter(path => path !== '' && !gone.has(path));
  assert.ok(paths.length > 0, `git lists no file in ${ROOT}`);
  return paths.map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}
