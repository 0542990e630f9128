import { assert, suite } from '#test';
import type { ServerError } from '../errors.ts';
import { parseConfig } from './server-config.ts';

const test = suite('config: TLS between members');

const MEMBER =
  'dataDir=/d\nclientPort=2181\ninitLimit=10\nsyncLimit=5\nserver.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n';
const STORES = 'ssl.quorum.keyStore.location=/k.pem\nssl.quorum.trustStore.location=/t.p12\n';

function parse(lines: string) {
  return parseConfig({ path: '/zoo.cfg', text: MEMBER + lines, myid: '1' });
}

test('there is none without sslQuorum and portUnification, whatever else is set', () => {
  const { quorumTls, warnings } = parse(`${STORES}sslQuorum=false\nportUnification=FALSE`);
  assert.is(quorumTls, undefined);
  assert.equal(warnings, []);
});

test('with only the stores named, TLS is mutual and checks the hosts of both sides', () => {
  const { quorumTls, warnings } = parse(`${STORES}sslQuorum=true`);
  assert.equal(warnings, []);
  const store = { password: '', passwordPath: undefined };
  assert.equal(quorumTls, {
    dials: true,
    acceptsPlain: false,
    keyStore: { ...store, key: 'ssl.quorum.keyStore', path: '/k.pem', type: 'PEM' },
    trustStore: { ...store, key: 'ssl.quorum.trustStore', path: '/t.p12', type: 'PKCS12' },
    reloads: false,
    versions: { min: 'TLSv1.2', max: 'TLSv1.3' },
    ciphers: undefined,
    clientAuth: 'need',
    verifiesHost: true,
    verifiesClientHost: true,
    detectionMs: 5000,
    revocation: 'none',
  });
});

test('portUnification alone accepts both and dials without TLS', () => {
  const { quorumTls } = parse(`${STORES}portUnification=true`);
  assert.equal([quorumTls?.dials, quorumTls?.acceptsPlain], [false, true]);
});

test('hosts of dialling members are not checked when those of dialled ones are not', () => {
  const { quorumTls } = parse(`${STORES}sslQuorum=true\nssl.quorum.hostnameVerification=false`);
  assert.equal([quorumTls?.verifiesHost, quorumTls?.verifiesClientHost], [false, false]);
  const some = parse(`${STORES}sslQuorum=true\nssl.quorum.clientHostnameVerification=false`).quorumTls;
  assert.equal([some?.verifiesHost, some?.verifiesClientHost], [true, false]);
});

const wrong: [lines: string, code: ServerError['code'], said: RegExp][] = [
  [
    'sslQuorum=true',
    'ZK_CONFIG_MISSING',
    /ssl\.quorum\.keyStore\.location is missing .*needed for sslQuorum=true/,
  ],
  [
    'portUnification=true\nssl.quorum.keyStore.location=/k.pem',
    'ZK_CONFIG_MISSING',
    /ssl\.quorum\.trustStore\.location is missing .*needed for portUnification=true/,
  ],
  [
    'sslQuorum=true\nssl.quorum.keyStore.location=/k.crt',
    'ZK_CONFIG_VALUE',
    /keyStore\.location=\/k\.crt is not accepted; .*\.pem, \.p12, \.jks, or any name together with ssl\.quorum\.keyStore\.type/,
  ],
  [
    `${STORES}sslQuorum=true\nssl.quorum.keyStore.type=BCFKS`,
    'ZK_CONFIG_VALUE',
    /type=BCFKS .*PEM, PKCS12, JKS/,
  ],
  [`${STORES}sslQuorum=yes`, 'ZK_CONFIG_VALUE', /sslQuorum=yes is not accepted; accepted is true or false/],
  [`${STORES}sslQuorum=`, 'ZK_CONFIG_VALUE', /sslQuorum= is not accepted/],
  [`${STORES}portUnification=1`, 'ZK_CONFIG_VALUE', /portUnification=1/],
  [
    `${STORES}sslQuorum=true\nssl.quorum.hostnameVerification=yes`,
    'ZK_CONFIG_VALUE',
    /hostnameVerification=yes/,
  ],
  [`${STORES}sslQuorum=true\nssl.quorum.clientAuth=maybe`, 'ZK_CONFIG_VALUE', /none or want or need/],
  [`${STORES}sslQuorum=true\nssl.quorum.protocol=SSLv3`, 'ZK_CONFIG_VALUE', /protocol=SSLv3/],
  [`${STORES}sslQuorum=true\nssl.quorum.enabledProtocols=TLSv1`, 'ZK_CONFIG_VALUE', /enabledProtocols=TLSv1/],
  [`${STORES}sslQuorum=true\nssl.quorum.ciphersuites=NULL`, 'ZK_CONFIG_VALUE', /ciphersuites=NULL/],
  ['zookeeper.sslQuorum=true', 'ZK_CONFIG_RESTRICTION', /zookeeper\.sslQuorum=true has no effect/],
];

for (const [lines, code, said] of wrong)
  test(`refused: ${lines.split('\n').at(-1)}`, () => {
    assert.throws(
      () => parse(lines),
      (error: ServerError) => {
        assert.is(error.code, code, error.message);
        assert.match(error.message, said);
        return true;
      },
    );
  });

test('the type wins over the ending, and the password file over the password', () => {
  const { quorumTls } = parse(
    `${STORES}sslQuorum=true\nssl.quorum.keyStore.type=pkcs12\nssl.quorum.keyStore.password=a\nssl.quorum.keyStore.passwordPath=/p`,
  );
  const { type, password, passwordPath } = quorumTls!.keyStore;
  assert.equal([type, password, passwordPath], ['PKCS12', 'a', '/p']);
});

test('a standalone server says that these keys have no effect', () => {
  const text = 'dataDir=/d\nclientPort=2181\nsslQuorum=true';
  const { quorumTls, warnings } = parseConfig({ path: '/zoo.cfg', text });
  assert.is(quorumTls, undefined);
  assert.match(warnings.join(), /no effect in a standalone server/);
});

test('ssl.quorum.crl, ssl.quorum.ocsp, and the property of Java that upstream takes for the default of the former', () => {
  const text = `${MEMBER}${STORES}sslQuorum=true\n`;
  const asked = (line: string, property?: string) =>
    parseConfig({
      path: '/zoo.cfg',
      text: text + line,
      myid: '1',
      systemProperties: new Map(
        property === undefined ? [] : [['com.sun.net.ssl.checkRevocation', property]],
      ),
    }).quorumTls?.revocation;
  assert.equal(
    [asked(''), asked('ssl.quorum.crl=true'), asked('ssl.quorum.crl=false')],
    ['none', 'lists', 'none'],
  );
  assert.equal(
    [asked('', 'true'), asked('', 'false'), asked('ssl.quorum.crl=false', 'true')],
    ['lists', 'none', 'none'],
  );
  assert.equal(
    [asked('ssl.quorum.ocsp=true'), asked('ssl.quorum.ocsp=true\nssl.quorum.crl=false')],
    ['responders', 'responders'],
  );
  assert.throws(() => asked('ssl.quorum.crl=yes'), /true or false/);
  assert.throws(() => asked('ssl.quorum.ocsp=yes'), /true or false/);
});
