import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { adler32 } from './adler32.ts';

const test = suite('storage: adler32');

/** RFC 1950, word for word. */
function naive(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

test('the published example', () => {
  assert.is(adler32(Buffer.from('Wikipedia')), 0x11e60398);
  assert.is(adler32(Buffer.alloc(0)), 1);
});

test('long runs of the largest byte do not overflow', () => {
  const bytes = Buffer.alloc(100_000, 0xff);
  assert.is(adler32(bytes), naive(bytes));
});

test('the checksum equals the definition, in one piece or several', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 9000 }), fc.nat(), (bytes, cut) => {
      const at = cut % (bytes.length + 1);
      assert.is(adler32(bytes), naive(bytes));
      assert.is(adler32(bytes, at, bytes.length, adler32(bytes, 0, at)), naive(bytes));
    }),
    { numRuns: 50 },
  );
});
