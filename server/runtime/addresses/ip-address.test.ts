import { assert, suite } from '#test';
import { parseIpRange } from './ip-address.ts';

const test = suite('runtime: addresses');

test('texts that are no address or range are refused', () => {
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
    '1.2.3.4/0033',
    '1.2.3.4/+',
    '1.2.3.4/+-8',
    '1.2.3.4/4294967296',
    '1.2.3.00256',
    '1.2.3.-4',
    '1::2::3',
    '1:2',
    ':::',
    'g::1',
  ]) {
    assert.is(parseIpRange(bad), null, bad);
  }
});

test('numbers are read as Java reads them: with a sign, and with zeros before them', () => {
  for (const text of ['1.2.3.4/8', '1.2.3.004/08', '1.2.3.4/+8', '+1.2.+3.00004/0000000008'])
    assert.equal(parseIpRange(text), { bytes: [1, 2, 3, 4], bits: 8 }, text);
  assert.equal(parseIpRange('1.2.3.-0/-0'), { bytes: [1, 2, 3, 0], bits: 0 });
});
