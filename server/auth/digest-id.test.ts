import { assert, suite } from '#test';
import { digestId, hashNamed } from './digest-id.ts';

const test = suite('auth: digests');

test('the digest identity of upstream, and those of other algorithms', () => {
  assert.is(digestId('user:pass'), 'user:smGaoVKd/cQkjm7b88GyorAUz20=');
  assert.is(digestId('super:test'), 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=');
  // The results of DigestAuthenticationProvider.generateDigest of 3.8.0 with each digestAlg.
  const ofApache: [digestAlg: string, id: string][] = [
    ['MD5', 'user:IaOShYhKJo1kWOP96wi+rA=='],
    ['SHA', 'user:smGaoVKd/cQkjm7b88GyorAUz20='],
    ['sha-1', 'user:smGaoVKd/cQkjm7b88GyorAUz20='],
    ['SHA-224', 'user:PkKzWnuMzJ0rpktz4O5hvSZFw/3yZFIfOizv2Q=='],
    ['SHA256', 'user:70yRTFkWmLJo2zxkFj6v2nIJpjDyNuvw7r8EVGDfcjo='],
    ['SHA-256', 'user:70yRTFkWmLJo2zxkFj6v2nIJpjDyNuvw7r8EVGDfcjo='],
    ['SHA-384', 'user:HCMIuQnSVR4Ge6EqefZYDR5jDoZgKCFDqLIj+NFPNcMCWoRCnlIHxYGRib8lxoES'],
    ['SHA-512/256', 'user:htaDe+W52JZuBc/SaAa/Dg0Gkh4PRC+urDUOsga/86s='],
    ['SHA3-256', 'user:MKfo05p7nYw1Yb/bzA4GEyZLUt02iFpxN0ASiDBnsjw='],
  ];
  for (const [digestAlg, id] of ofApache)
    assert.is(digestId('user:pass', hashNamed(digestAlg)), id, digestAlg);
  for (const unknown of ['', 'SHA-2', 'SHA3_256', 'MD2', 'crc32', '__proto__', 'constructor'])
    assert.is(hashNamed(unknown), undefined);
});
