import { assert, suite } from '#test';
import { jsonPieces } from './exact-json.ts';

const test = suite('admin: JSON with integers of 64 bits');

test('upstream’s layout: objects on lines, lists in one', () => {
  const value = { a: 1, none: [], empty: {}, list: [1, { b: 'x"' }], big: 2n ** 63n - 1n, nothing: null };
  assert.is(
    [...jsonPieces(value)].join(''),
    `{
  "a" : 1,
  "none" : [ ],
  "empty" : { },
  "list" : [ 1, {
    "b" : "x\\""
  } ],
  "big" : 9223372036854775807,
  "nothing" : null
}`,
  );
});
