import { getCiphers } from 'node:tls';
import { assert, suite } from '#test';
import { cipherList, tlsVersions } from './cipher-suites.ts';

const test = suite('config: cipher suites and versions of TLS');

const lists: [suites: string, list: string | undefined][] = [
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ECDHE-RSA-AES128-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_DHE_RSA_WITH_AES_256_CBC_SHA256', 'DHE-RSA-AES256-SHA256'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  [
    'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384',
    'TLS_AES_256_GCM_SHA384:DHE-RSA-AES128-GCM-SHA256',
  ],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', undefined],
  ['TLS_DHE_ECDSA_WITH_AES_128_GCM_SHA256', undefined],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA384', undefined],
  ['ALL', undefined],
  ['ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0', undefined],
];

for (const [suites, list] of lists)
  test(`${suites}: ${list ?? 'not known'}`, () => {
    assert.is(cipherList(suites.split(',')), list);
    for (const name of list?.toLowerCase().split(':') ?? []) assert.ok(getCiphers().includes(name), name);
  });

test('versions that are not spoken are left out, and a list of those alone is wrong', () => {
  assert.equal(tlsVersions(['TLSv1.2']), { min: 'TLSv1.2', max: 'TLSv1.2' });
  assert.equal(tlsVersions(['TLSv1.3']), { min: 'TLSv1.3', max: 'TLSv1.3' });
  assert.equal(tlsVersions(['TLSv1.3', 'TLSv1.2']), { min: 'TLSv1.2', max: 'TLSv1.3' });
  assert.equal(tlsVersions(['TLSv1', 'TLSv1.1', 'TLSv1.2']), { min: 'TLSv1.2', max: 'TLSv1.2' });
  for (const wrong of [[], ['TLSv1.1'], ['TLSv1.2', 'TLSv1.4'], ['tlsv1.2']])
    assert.is(tlsVersions(wrong), undefined);
});
