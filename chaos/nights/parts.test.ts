import { assert, suite } from '#test';
import type { Result } from '../../results/schema.ts';
import { claimsText } from './parts.ts';

const test = suite('chaos/nights: parts');

test('the line of the claims counts verdicts, best first, and says why a run is void', () => {
  const claim = (verdict: string) => ({ verdict }) as Result['claims'][number];
  const claims = [claim('fails'), claim('holds'), claim('holds')];
  const text = (validity: Result['validity']) => claimsText('quick', { claims, validity });
  assert.is(text({ void: false, reasons: [] }), 'quick: 3 claims: 2 holds, 1 fails');
  assert.match(text({ void: true, reasons: ['the driver was saturated'] }), /; the driver was saturated$/);
  assert.match(text({ void: false, reasons: [], unmeasured: ['no round counts'] }), /; no round counts$/);
});
