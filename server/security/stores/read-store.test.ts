import { createPrivateKey } from 'node:crypto';
import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { ServerError } from '../../errors.ts';
import { TestAuthority } from '../../runtime/tls/certificates.test-kit.ts';
import { readJksStore } from './jks-store.ts';
import { StoreError } from './key-store.ts';
import { readPkcs12Store } from './pkcs12-store.ts';
import { readAuthorities, readIdentity, STORE_BYTES_MAX } from './read-store.ts';
import { emptyDisk, storeAt, write } from './stores.test-kit.ts';

const test = suite('security: key stores and trust stores');

const ROOT = new TestAuthority('root');
const OTHER = new TestAuthority('other');
const MEMBER = ROOT.issue('zk1', '10.0.0.1');
const ENCRYPTED = createPrivateKey(MEMBER.privateKey)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' })
  .toString();
const PATH = '/tls/store';

function identityOf(content: string, password = '') {
  const disk = emptyDisk();
  write(disk, PATH, content);
  return readIdentity(disk, storeAt(PATH, 'PEM', password));
}

test('PEM: a key and its certificates, in any order, with text around them', () => {
  for (const content of [
    MEMBER.privateKey + MEMBER.certificate + ROOT.certificate,
    `subject=CN=zk1\n${MEMBER.certificate}\n${ROOT.certificate}# the key\n${MEMBER.privateKey}`,
    (MEMBER.certificate + ROOT.certificate + MEMBER.privateKey).replaceAll('\n', '\r\n'),
  ]) {
    const { certificate, pem } = identityOf(content);
    assert.is(certificate.subject, 'CN=zk1');
    assert.is(pem.privateKey, MEMBER.privateKey);
    assert.is(pem.certificate, MEMBER.certificate + ROOT.certificate);
  }
});

test('PEM: an encrypted key is read with the password of the store, or of its file', () => {
  assert.is(identityOf(ENCRYPTED + MEMBER.certificate, 'hush').pem.privateKey, MEMBER.privateKey);
  const disk = emptyDisk();
  write(disk, PATH, ENCRYPTED + MEMBER.certificate);
  write(disk, '/tls/password', 'hush\n');
  const file = { ...storeAt(PATH, 'PEM', 'wrong'), passwordPath: '/tls/password' };
  assert.is(readIdentity(disk, file).pem.privateKey, MEMBER.privateKey);
});

test('PEM: a trust store may hold many authorities', () => {
  const disk = emptyDisk();
  write(disk, PATH, ROOT.certificate + OTHER.certificate);
  assert.equal(readAuthorities(disk, storeAt(PATH)), [ROOT.certificate, OTHER.certificate]);
});

const wrong: [name: string, content: string, said: RegExp][] = [
  ['nothing', '', /\/tls\/store \(PEM\) has 0 private keys; one is accepted/],
  ['no key', MEMBER.certificate, /has 0 private keys/],
  ['two keys', MEMBER.privateKey.repeat(2) + MEMBER.certificate, /has 2 private keys; one is accepted/],
  ['no certificate', MEMBER.privateKey, /has no certificate for its private key/],
  [
    'a foreign key',
    OTHER.issue('x').privateKey + MEMBER.certificate,
    /does not belong to its first certificate/,
  ],
  [
    'an encrypted key without a password',
    ENCRYPTED + MEMBER.certificate,
    /cannot be read with this password/,
  ],
  [
    'a damaged certificate',
    `${MEMBER.privateKey}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    /has a certificate that cannot be read/,
  ],
];

for (const [name, content, said] of wrong)
  test(`PEM: the error about ${name} is one sentence that names the file, and no part of the key`, () => {
    assert.throws(
      () => identityOf(content),
      (error: ServerError) => {
        assert.is(error.code, 'ZK_KEY_STORE');
        assert.match(error.message, said);
        assert.not.match(error.message, /\n|PRIVATE|BEGIN/);
        return true;
      },
    );
  });

test('the error about a file that is missing, or much too large, is one sentence', () => {
  const disk = emptyDisk();
  assert.throws(
    () => readIdentity(disk, storeAt('/tls/none')),
    (error: ServerError) => /ssl\.quorum\.keyStore: \/tls\/none cannot be read/.test(error.message),
  );
  write(disk, PATH, Buffer.alloc(STORE_BYTES_MAX + 1));
  assert.throws(
    () => readIdentity(disk, storeAt(PATH)),
    (error: ServerError) => /has 4194305 bytes; 4194304 are accepted/.test(error.message),
  );
});

test('property: a store of any bytes is read, or is a ServerError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isJks) => {
      const start = Buffer.from(isJks ? 'feedfeed00000002' : '30820100020103', 'hex');
      const content = Buffer.concat([start, bytes]);
      try {
        if (isJks) readJksStore(content, '');
        else readPkcs12Store(content, 'hush');
      } catch (error) {
        assert.ok(error instanceof StoreError || error instanceof ServerError, String(error));
      }
    }),
  );
});
