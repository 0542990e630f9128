import { assert, suite } from '#test';
import { anyCharacter, fc } from '#test/properties';
import { printable } from './printable.ts';

const test = suite('text that came from elsewhere');

test('plain text stays as it is, in any script', () => {
  for (const text of ['', '/kafka/brokers', 'C:\\zk', 'größe', '日本語', '😀'])
    assert.is(printable(text), text);
});

test('field report B11: characters on which a terminal or a log would act are escaped', () => {
  assert.is(printable('a\x1b[2Jb\r\nc\0\x7f'), 'a\\x1b[2Jb\\x0d\\nc\\x00\\x7f');
  assert.is(printable('\u009b31m\u2028\u202egnp.exe'), '\\x9b31m\\u2028\\u202egnp.exe');
  assert.is(printable('\ud800x\udc00'), '\\ud800x\\udc00');
});

test('field report B11: a megabyte of control characters becomes a line', () => {
  const shown = printable('\x01'.repeat(1_000_000), 10);
  assert.is(shown, `${'\\x01'.repeat(10)}... (1000000 characters)`);
});

test('a cut never leaves half of a character', () => {
  assert.is(printable('ab😀cd', 3), 'ab... (6 characters)');
  assert.is(printable('ab😀cd', 4), 'ab😀... (6 characters)');
});

test('property: whatever goes in, the result is bounded, is one line and is well-formed', () => {
  const text = fc.string({ unit: anyCharacter, maxLength: 400 });
  const charsMax = fc.integer({ min: 1, max: 100 });
  fc.assert(
    fc.property(text, charsMax, (text, charsMax) => {
      const shown = printable(text, charsMax);
      assert.ok(shown.length <= charsMax * 6 + 30, `${shown.length} characters`);
      assert.ok(!/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(shown), JSON.stringify(shown));
    }),
    { numRuns: 2_000 },
  );
});
