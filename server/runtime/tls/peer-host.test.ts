import { X509Certificate } from 'node:crypto';
import { assert, suite, until } from '#test';
import { namesOf } from '../addresses/dual-stack.test-kit.ts';
import { TestAuthority } from './certificates.test-kit.ts';
import { CERTIFICATE_NAMES_MAX, checkPeerHost } from './peer-host.ts';

const test = suite('runtime: hosts of certificates');

const AUTHORITY = new TestAuthority('ours');
const LOOKUPS = namesOf({ zk1: ['10.0.0.1'], zk2: ['10.0.0.2', '10.0.0.22'], other: ['10.0.0.9'] });

function certificate(commonName: string, ...hosts: readonly string[]): X509Certificate {
  return new X509Certificate(AUTHORITY.issue(commonName, ...hosts).certificate);
}

/** Null, or why the certificate is not for the host. */
async function verdict(
  issued: X509Certificate,
  address: string,
  name?: string,
): Promise<string | null | undefined> {
  let said: string | null | undefined;
  checkPeerHost(issued, { name, address }, LOOKUPS, reason => {
    assert.is(said, undefined, 'one verdict');
    said = reason;
  });
  await until(() => said !== undefined, { deadlineMs: 10_000, what: 'a verdict' });
  return said;
}

test('the certificate of a dialled host names it, or its address', async () => {
  assert.is(await verdict(certificate('x', 'zk1'), '10.0.0.1', 'zk1'), null);
  assert.is(await verdict(certificate('x', '10.0.0.1'), '10.0.0.1', 'zk1'), null);
  assert.is(await verdict(certificate('x', '*.example.org'), '10.0.0.1', 'zk1.example.org'), null);
  assert.is(await verdict(certificate('zk1'), '10.0.0.1', 'zk1'), null);
  assert.match(
    `${await verdict(certificate('zk1', 'zk2'), '10.0.0.1', 'zk1')}`,
    /its certificate is for DNS:zk2, and not for zk1/,
  );
});

test('the names of a certificate do not stand for the name that was dialled', async () => {
  assert.match(`${await verdict(certificate('x', 'zk1'), '10.0.0.1', 'zk2')}`, /DNS:zk1, and not for zk2/);
});

test('a peer that has an address alone has a certificate for it, or for a name that resolves to it', async () => {
  assert.is(await verdict(certificate('x', '10.0.0.1'), '10.0.0.1'), null);
  assert.is(await verdict(certificate('10.0.0.1'), '10.0.0.1'), null);
  assert.is(await verdict(certificate('x', 'other', 'zk2'), '10.0.0.22'), null);
  assert.is(await verdict(certificate('zk2'), '10.0.0.2'), null);
  assert.is(await verdict(certificate('x', 'zk1'), '10.0.0.1', '10.0.0.1'), null);
  assert.match(`${await verdict(certificate('x', 'zk1'), '10.0.0.2')}`, /DNS:zk1, and not for 10\.0\.0\.2/);
  assert.match(`${await verdict(certificate('x', 'unknown'), '10.0.0.2')}`, /not for 10\.0\.0\.2/);
  assert.match(`${await verdict(certificate('x', '10.0.0.1'), '10.0.0.2')}`, /not for 10\.0\.0\.2/);
});

test('a common name beside other names, a pattern, and a text that looks like names do not count', async () => {
  assert.match(`${await verdict(certificate('zk1', 'other'), '10.0.0.1')}`, /not for 10\.0\.0\.1/);
  assert.match(`${await verdict(certificate('x', '*'), '10.0.0.1')}`, /not for/);
  assert.match(`${await verdict(certificate('x', 'a, DNS:zk1'), '10.0.0.1')}`, /not for/);
});

test('no more than some names of a certificate are looked up', async () => {
  const many = Array.from({ length: CERTIFICATE_NAMES_MAX }, (_, i) => `n${i}`);
  assert.match(`${await verdict(certificate('x', ...many, 'zk1'), '10.0.0.1')}`, /not for/);
  assert.is(await verdict(certificate('x', ...many.slice(1), 'zk1'), '10.0.0.1'), null);
});
