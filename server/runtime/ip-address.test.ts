import { assert, suite } from '#test';
import { parseIpRange } from './ip-address.ts';

const test = suite('runtime: addresses');

test('what is no address or range', () => {
  for (const bad of [
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1.2.3.4/ 1',
    '1.2.3.4/0032',
    '1.2.3.0004',
    '1.2.3.+4',
    '1::2::3',
    '1:2',
    ':::',
    'g::1',
  ]) {
    assert.is(parseIpRange(bad), null, bad);
  }
  assert.equal(parseIpRange('1.2.3.004/08'), { bytes: [1, 2, 3, 4], bits: 8 });
});
