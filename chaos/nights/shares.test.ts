import { assert, suite } from '#test';
import { CLAIMS_FROM_MS, chaosMsOf, hasTimeForClaims } from './shares.ts';

const test = suite('chaos/nights: time');

test('claims are for nights of an hour, and for any night that names them', () => {
  assert.ok(hasTimeForClaims(CLAIMS_FROM_MS, false));
  assert.not(hasTimeForClaims(CLAIMS_FROM_MS - 1, false));
  assert.ok(hasTimeForClaims(60_000, true));
});

test('chaos gets whole seconds of what the claims have left, all of it when nothing comes behind', () => {
  assert.is(chaosMsOf(600_000.4, true), 600_000);
  assert.is(chaosMsOf(600_999, false), 420_000);
});

test('without time left there is no chaos', () => {
  assert.is(chaosMsOf(-5_000, true), undefined);
  assert.is(chaosMsOf(59_000, false), undefined);
});
