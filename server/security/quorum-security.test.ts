import { X509Certificate } from 'node:crypto';
import { assert, suite } from '#test';
import { parseConfig } from '../config/server-config.ts';
import { TestAuthority } from '../runtime/tls/certificates.test-kit.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import { QuorumSecurity, RELOAD_INTERVAL_MS } from './quorum-security.ts';
import { emptyDisk, keepingLogger, write } from './stores/stores.test-kit.ts';

const test = suite('security: TLS between members');

const AUTHORITY = new TestAuthority('ours');

function fixture(lines = 'sslQuorum=true\n') {
  const text = `dataDir=/d\nclientPort=2181\ninitLimit=10\nsyncLimit=5\nserver.1=a:1:2\nserver.2=b:1:2
ssl.quorum.keyStore.location=/tls/key.pem\nssl.quorum.trustStore.location=/tls/trust.pem\n${lines}`;
  const { quorumTls } = parseConfig({ path: '/zoo.cfg', text, myid: '1' });
  const clock = new VirtualClock();
  const disk = emptyDisk(() => clock.wallMs());
  const said: string[] = [];
  const show = (name: string, identity = AUTHORITY.issue(name)) =>
    write(disk, '/tls/key.pem', identity.privateKey + identity.certificate);
  show('first');
  write(disk, '/tls/trust.pem', AUTHORITY.certificate);
  const network = {
    problem: null as string | null,
    problemWith: () => network.problem,
    connect: () => ({ cancel() {} }),
  };
  const start = () => new QuorumSecurity({ disk, network, clock, logger: keepingLogger(said) }, quorumTls!);
  /** The certificate that the next peer sees. */
  const shown = (security: QuorumSecurity) =>
    new X509Certificate(security.port.context().identity!.certificate).subject;
  const wait = () => clock.time.runUntil(() => false, clock.time.nowMs + 2 * RELOAD_INTERVAL_MS);
  return { disk, network, said, show, shown, start, wait };
}

test('which ports speak TLS, and what each side checks of the other', () => {
  const { start } = fixture('sslQuorum=true\nssl.quorum.clientHostnameVerification=false\n');
  const security = start();
  assert.is(security.dials?.verifiesHost, true);
  assert.is(security.port.context().verifiesHost, false);
  assert.is(security.port.context().peer, 'need');
  assert.is(security.port.acceptsPlain, false);
  const unified = fixture('portUnification=true\n').start();
  assert.is(unified.dials, undefined);
  assert.is(unified.port.acceptsPlain, true);
});

test('sslQuorumReloadCertFiles: a changed file counts for the next connection', () => {
  const { show, shown, start, wait, said } = fixture('sslQuorum=true\nsslQuorumReloadCertFiles=true\n');
  const security = start();
  wait();
  assert.is(said.length, 1, 'an unchanged file is not read again');
  show('the second');
  wait();
  assert.is(shown(security), 'CN=the second');
  assert.is(new X509Certificate(security.dials!.identity!.certificate).subject, 'CN=the second');
  security.close();
  show('the third one');
  wait();
  assert.is(shown(security), 'CN=the second');
});

test('a changed file that cannot be used causes one line, and the certificates read before stay in use', () => {
  const { disk, shown, show, start, wait, said } = fixture('sslQuorum=true\nsslQuorumReloadCertFiles=true\n');
  const security = start();
  said.length = 0;
  write(disk, '/tls/key.pem', 'half of a fi');
  wait();
  wait();
  assert.is(shown(security), 'CN=first');
  assert.is(said.length, 1, said.join('\n'));
  assert.match(said[0]!, /^error ZK_KEY_STORE .*\/tls\/key\.pem.*the certificates read before stay in use$/);
  show('mended');
  wait();
  assert.is(shown(security), 'CN=mended');
  security.close();
});

test('stores that can be read but not used for TLS refuse the start, and a reload goes on with those read before', () => {
  const { network, shown, show, start, wait, said } = fixture(
    'sslQuorum=true\nsslQuorumReloadCertFiles=true\n',
  );
  const security = start();
  wait();
  said.length = 0;
  network.problem = 'ee key too small';
  show('the weak one');
  wait();
  assert.is(shown(security), 'CN=first');
  assert.match(
    said.join('\n'),
    /^error ZK_KEY_STORE .* cannot be used for TLS.*: ee key too small; the certificates read before stay in use$/,
  );
  assert.throws(start, /cannot be used for TLS/);
  security.close();
});

test('without sslQuorumReloadCertFiles a changed file counts from the next start', () => {
  const { show, shown, start, wait } = fixture();
  const security = start();
  show('the second');
  wait();
  assert.is(shown(security), 'CN=first');
});

test('the start says when its own certificate is not valid today', () => {
  const { show, start, said } = fixture();
  show('', AUTHORITY.issueExpired('old'));
  start();
  assert.match(said.join('\n'), /^warn the certificate that this server shows .* not valid today/m);
});
