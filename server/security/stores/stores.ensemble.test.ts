/** Stores as operators make them, with openssl and Java's keytool. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, onPath, requirePeer, suite, temporaryFolder } from '#test';
import { fc } from '#test/properties';
import type { StoreType } from '../../config/quorum-tls.ts';
import type { ServerError } from '../../errors.ts';
import { nodeDisk } from '../../runtime/node/node-disk.ts';
import { TestAuthority } from '../../runtime/tls/certificates.test-kit.ts';
import { readJksStore } from './jks-store.ts';
import { StoreError } from './key-store.ts';
import { readPkcs12Store } from './pkcs12-store.ts';
import { readAuthorities, readIdentity } from './read-store.ts';
import { storeAt } from './stores.test-kit.ts';

const test = suite('security: stores of openssl and keytool');
const PASSWORD = 'hush-hush';
const ROOT = new TestAuthority('root');
const OTHER = new TestAuthority('other');
const MEMBER = ROOT.issue('zk1', '10.0.0.1');

function requirePrograms(): void {
  requirePeer('openssl', onPath('openssl'), 'PKCS #12 files');
  requirePeer('keytool', onPath('keytool'), "Java's stores");
}

interface Files {
  readonly folder: string;
  /** The key, its certificate and the authority. */
  readonly identity: string;
  readonly authorities: readonly string[];
}

function files(): Files {
  const folder = temporaryFolder();
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  return {
    folder,
    identity: write('identity.pem', MEMBER.privateKey + MEMBER.certificate + ROOT.certificate),
    authorities: [write('root.pem', ROOT.certificate), write('other.pem', OTHER.certificate)],
  };
}

function openssl({ folder, identity }: Files, ...options: readonly string[]): string {
  const path = join(folder, 'openssl.p12');
  const words = [
    'pkcs12',
    '-export',
    '-in',
    identity,
    '-out',
    path,
    '-passout',
    `pass:${PASSWORD}`,
    ...options,
  ];
  execFileSync('openssl', words, { stdio: 'pipe' });
  return path;
}

function keytool(words: readonly string[]): void {
  execFileSync('keytool', ['-noprompt', ...words], { stdio: 'pipe' });
}

/** A trust store of both authorities. */
function keytoolTrust({ folder, authorities }: Files, type: StoreType): string {
  const path = join(folder, `trust.${type}`);
  for (const [i, file] of authorities.entries()) {
    const store = ['-keystore', path, '-storetype', type, '-storepass', PASSWORD];
    keytool(['-importcert', '-alias', `authority-${i}`, '-file', file, ...store]);
  }
  return path;
}

/** A key store made by keytool from one of openssl. */
function keytoolKeys(made: Files, type: StoreType): string {
  const path = join(made.folder, `keys.${type}`);
  const from = ['-srckeystore', openssl(made), '-srcstoretype', 'PKCS12', '-srcstorepass', PASSWORD];
  const to = ['-destkeystore', path, '-deststoretype', type, '-deststorepass', PASSWORD];
  keytool(['-importkeystore', ...from, ...to, '-destkeypass', PASSWORD]);
  return path;
}

function isMember(path: string, type: StoreType): void {
  const { certificate, pem } = readIdentity(nodeDisk, storeAt(path, type, PASSWORD));
  assert.is(certificate.subject, 'CN=zk1');
  assert.is(pem.privateKey, MEMBER.privateKey);
  assert.is(pem.certificate, MEMBER.certificate + ROOT.certificate);
}

function refused(path: string, type: StoreType, password: string, said: RegExp): void {
  assert.throws(
    () => readIdentity(nodeDisk, storeAt(path, type, password)),
    (error: ServerError) => error.code === 'ZK_KEY_STORE' && said.test(error.message),
  );
}

const WAYS: [name: string, options: string[]][] = [
  ['AES-256 and PBKDF2, as now', []],
  ['3DES', ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
  ['certificates in the open', ['-certpbe', 'NONE', '-macalg', 'sha512']],
  ['nothing encrypted', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
];

for (const [name, options] of WAYS)
  test(`PKCS #12 of openssl: ${name}`, () => {
    requirePrograms();
    const path = openssl(files(), ...options);
    isMember(path, 'PKCS12');
    refused(path, 'PKCS12', 'wrong', /does not match this password, or was changed without it/);
  });

for (const type of ['PKCS12', 'JKS'] as const) {
  test(`${type} of keytool: a key store and a trust store`, () => {
    requirePrograms();
    const made = files();
    const keys = keytoolKeys(made, type);
    isMember(keys, type);
    refused(keys, type, 'wrong', /does not match this password, or was changed without it/);
    const trust = keytoolTrust(made, type);
    const authorities = readAuthorities(nodeDisk, storeAt(trust, type, PASSWORD));
    assert.equal(new Set(authorities), new Set([ROOT.certificate, OTHER.certificate]));
    refused(trust, type, PASSWORD, /has 0 private keys/);
  });

  test(`${type} of keytool: a changed byte is noticed, and causes nothing but a ServerError`, () => {
    requirePrograms();
    const bytes = readFileSync(keytoolKeys(files(), type));
    const read = type === 'JKS' ? readJksStore : readPkcs12Store;
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes);
        changed[at]! ^= change;
        try {
          read(changed, PASSWORD);
        } catch (error) {
          assert.ok(error instanceof StoreError, String(error));
        }
      }),
      { numRuns: 40 },
    );
  });
}

test('the errors about a file of another kind, and about RC2 of old tools, say what to do', () => {
  requirePrograms();
  const made = files();
  refused(openssl(made), 'JKS', PASSWORD, /is no JKS file/);
  refused(made.identity, 'PKCS12', PASSWORD, /is no PKCS #12 file in DER/);
  const old = openssl(made, '-legacy');
  refused(old, 'PKCS12', PASSWORD, /RC2.*write it again with a recent keytool -importkeystore, or as PEM/);
});

test('the commands of docs/security.md make stores that belong together', () => {
  requirePrograms();
  const page = readFileSync(new URL('../../../../server/docs/security.md', import.meta.url), 'utf8');
  const commands = [...page.matchAll(/^ {3}((?:openssl|echo|cat) .*)$/gm)].map(([, command]) => command);
  assert.is(commands.length, 5);
  const folder = temporaryFolder();
  execFileSync('sh', ['-ec', commands.join('\n')], { cwd: folder, stdio: 'pipe' });
  const { certificate } = readIdentity(nodeDisk, storeAt(join(folder, 'zk1.pem')));
  const [authority] = readAuthorities(nodeDisk, storeAt(join(folder, 'trusted.pem')));
  assert.ok(certificate.verify(new X509Certificate(authority!).publicKey));
  assert.is(certificate.checkHost('zk1.example.org'), 'zk1.example.org');
  assert.is(certificate.checkIP('10.0.0.1'), '10.0.0.1');
});
