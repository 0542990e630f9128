import { assert, suite } from '#test';
import { anyCharacter, fc } from '#test/properties';
import { escapedProperty, parseProperties, withoutProperties } from './properties.ts';

const test = suite('config: properties');

/** Text, then what java.util.Properties makes of it. */
const table: [text: string, expected: Record<string, string>][] = [
  ['', {}],
  ['a=1', { a: '1' }],
  ['a:1', { a: '1' }],
  ['a 1', { a: '1' }],
  ['a\t1', { a: '1' }],
  ['a = 1', { a: '1' }],
  ['  a   :   1', { a: '1' }],
  ['a = = 1', { a: '= 1' }],
  ['a==1', { a: '=1' }],
  ['a=b=c:d', { a: 'b=c:d' }],
  ['server.1=h:2888:3888;2181', { 'server.1': 'h:2888:3888;2181' }],
  ['a', { a: '' }],
  ['a=', { a: '' }],
  ['=1', { '': '1' }],
  ['a=1  ', { a: '1  ' }],
  ['# a=1\n! b=2\n  # c=3\nd=4', { d: '4' }],
  ['a=1#not a comment', { a: '1#not a comment' }],
  ['\n\n  \n\f\na=1', { a: '1' }],
  ['a=1\r\nb=2\rc=3\nd=4', { a: '1', b: '2', c: '3', d: '4' }],
  ['a=1\na=2', { a: '2' }],
  ['a=1,\\\n    2,\\\n    3', { a: '1,2,3' }],
  ['a=1\\\n# goes on', { a: '1# goes on' }],
  ['\\\n# nothing goes on\na=1', { a: '1' }],
  ['\\\n', {}],
  ['\\\n\n!\n', {}],
  ['a=1\\\n\nb=2', { a: '1', b: '2' }],
  ['# no continuation \\\na=1', { a: '1' }],
  ['a=1\\\\\nb=2', { a: '1\\', b: '2' }],
  ['a=1\\\\\\\n2', { a: '1\\2' }],
  ['a=1\\', { a: '1' }],
  ['a\\ b\\=c\\:d=1', { 'a b=c:d': '1' }],
  ['a=\\t\\n\\r\\f\\q\\\\', { a: '\t\n\r\fq\\' }],
  ['a=\\u00e9\\u20AC', { a: 'é€' }],
  ['a=é', { a: 'é' }],
  ['a=\\ 1', { a: ' 1' }],
];

for (const [text, expected] of table) {
  test(JSON.stringify(text), () => assert.equal(Object.fromEntries(parseProperties(text)), expected));
}

test('a value that a later one replaces is reported', () => {
  const told: string[][] = [];
  parseProperties('a=1\nb=1\na: 2\n\\u0061=3', (...repeated) => told.push(repeated));
  assert.equal(told, [
    ['a', '1', '2'],
    ['a', '2', '3'],
  ]);
});

test('a broken \\u escape is refused', () => {
  for (const text of ['a=\\u12', 'a=\\uwxyz', '\\u=1']) {
    assert.throws(() => parseProperties(text), /without four hexadecimal digits/);
  }
});

test('an escaped text is read back', () => {
  const escaped = (text: string) =>
    text.replace(/[\s\S]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const word = fc.string({ unit: anyCharacter });
  fc.assert(
    fc.property(word, word, (key, value) => {
      assert.equal([...parseProperties(`${escaped(key)}=${escaped(value)}`)], [[key, value]]);
    }),
  );
});

test('dropped keys go with all their lines, and nothing else of the text changes', () => {
  const text =
    '# kept\r\n\nserver.1=a\\\n  :1:2\r\ntickTime = 5\\\n00\n! kept\nserver\\.2:b\n  server.3\nend';
  assert.is(
    withoutProperties(text, key => key.startsWith('server.')),
    '# kept\r\n\ntickTime = 5\\\n00\n! kept\nend',
  );
  assert.is(
    withoutProperties(text, () => false),
    text,
  );
});

const piece = fc.constantFrom('a', 'b', '=', ':', ' ', '\\', '\n', '\r', '\r\n', '#', '!', '\t', '1');
const pieces = fc.array(piece, { maxLength: 40 }).map(parts => parts.join(''));

test('property: a text without a key has the other properties, whatever its lines look like', () => {
  fc.assert(
    fc.property(pieces, text => {
      const all = parseProperties(text);
      const kept = parseProperties(withoutProperties(text, key => key.startsWith('a')));
      assert.equal(
        [...kept],
        [...all].filter(([key]) => !key.startsWith('a')),
      );
    }),
    { numRuns: 3000 },
  );
});

test('property: an escaped text is read back as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), text => {
      const value = escapedProperty(`x${text}`);
      assert.match(value, /^[\x20-\x7e]*$/);
      assert.is(parseProperties(`a=${value}`).get('a'), `x${text}`);
    }),
  );
});
