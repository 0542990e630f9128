import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { childPath, nameOf, parentOf, pathProblem } from './path.ts';

const test = suite('wire: paths');

const GOOD = [
  '/',
  '/a',
  '/a/b',
  '/.a',
  '/a.',
  '/a/..b',
  '/...',
  '/a b',
  '/ä',
  '/\u00a0',
  '/\uf900',
  '/\uffef',
];
const BAD: readonly [path: string, problem: RegExp][] = [
  ['', /empty/],
  ['a', /must start with/],
  ['/a/', /must not end/],
  ['//', /must not end/],
  ['//a', /empty element/],
  ['/a//b', /empty element/],
  ['/.', /relative element "\."/],
  ['/a/./b', /relative element "\."/],
  ['/..', /relative element "\.\."/],
  ['/a/../b', /relative element "\.\."/],
  ['/a\u0000', /U\+0000/],
  ['/a\u001f/b', /U\+001F/],
  ['/\u007f', /U\+007F/],
  ['/\u009f', /U\+009F/],
  ['/\ud800', /U\+D800/],
  ['/\u{1f600}', /U\+D83D/],
  ['/\uf8ff', /U\+F8FF/],
  ['/\ufff0', /U\+FFF0/],
  ['/\ufffd', /U\+FFFD/],
  ['/\uffff', /U\+FFFF/],
];

test('every valid path of the table passes, every other is refused with its problem', () => {
  for (const path of GOOD) assert.is(pathProblem(path), null, JSON.stringify(path));
  for (const [path, problem] of BAD) assert.match(pathProblem(path) ?? 'none', problem, JSON.stringify(path));
});

/** PathUtils.validatePath again, in the plainest form. */
function naivelyValid(path: string): boolean {
  if (path === '/') return true;
  if (!path.startsWith('/')) return false;
  const ranges = [
    [0, 0x1f],
    [0x7f, 0x9f],
    [0xd800, 0xf8ff],
    [0xfff0, 0xffff],
  ] as const;
  const forbidden = [...Array(path.length).keys()].some(i =>
    ranges.some(([from, to]) => path.charCodeAt(i) >= from && path.charCodeAt(i) <= to),
  );
  const elements = path.slice(1).split('/');
  return elements.every(e => e !== '' && e !== '.' && e !== '..') && !forbidden;
}

test('property: the same verdict as the plain form of the rule', () => {
  const letters = fc.constantFrom(
    '/',
    '/',
    '.',
    'a',
    '\u0000',
    '\u001f',
    ' ',
    '\u007f',
    '\u00a0',
    '\ud800',
    '\ufff0',
  );
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 7 }), parts => {
      const path = parts.join('');
      assert.is(pathProblem(path) === null, naivelyValid(path), JSON.stringify(path));
    }),
    { numRuns: 2000 },
  );
});

test('parents and names, and back', () => {
  assert.equal(['/', '/a', '/a/b', '/a/b/c'].map(parentOf), ['', '/', '/a', '/a/b']);
  assert.equal(['/', '/a', '/a/b'].map(nameOf), ['', 'a', 'b']);
  for (const path of ['/a', '/a/b']) assert.is(childPath(parentOf(path), nameOf(path)), path);
});
