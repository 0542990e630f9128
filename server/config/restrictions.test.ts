import { assert, suite } from '#test';
import type { ServerError } from '../errors.ts';
import { parseConfig } from './server-config.ts';

const test = suite('config: restrictions that this server does not have');

const alone = 'dataDir=/d\nclientPort=2181\n';

/** The line, and the restriction that it would make, in the words of the refusal. */
const refused: [line: string, said: RegExp][] = [
  ['sslQuorum=true\nssl.quorum.context.supplier.class=a.B', /ssl\.quorum\.context\.supplier\.class=a\.B/],
  ['secureClientPort=2281', /secureClientPort=2281 \(clients connect with TLS\)/],
  ['sessionRequireClientSASLAuth=true', /clients must authenticate with SASL/],
  ['enforce.auth.enabled=true\nenforce.auth.schemes=sasl', /clients must authenticate/],
  ['authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider', /authProvider\.1/],
  ['authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider', /authProvider\.x509/],
  ['authProvider.mine=com.example.Provider', /authProvider\.mine/],
  ['ensembleAuthName=blue,green', /clients that ask for another ensemble are turned away/],
  ['audit.enable=true', /an audit log is kept/],
  ['admin.forceHttps=true', /the AdminServer answers over TLS alone/],
  ['admin.needClientAuth=true', /the AdminServer answers clients with a certificate alone/],
  ['enforceQuota=true', /quotas refuse writes/],
  ['server.1=a:1:2;2181;2281', /a secure client port in the server line/],
];

for (const [line, said] of refused) {
  test(`field report C5: ${line.split('\n')[0]} refuses the start`, () => {
    assert.throws(
      () => parseConfig({ path: '/zoo.cfg', text: `dataDir=/d\n${line}` }),
      (error: ServerError) => {
        assert.is(error.code, 'ZK_CONFIG_RESTRICTION', error.message);
        assert.match(error.message, said);
        assert.match(error.message, /would be less restricted/);
        assert.match(error.message, /Remove the setting to run without/);
        assert.not.match(error.message, /\n/);
        return true;
      },
    );
  });
}

/**
 * Settings that switch a feature off, name files or people, or allow more: the server starts, and says that
 * they have no effect.
 */
const started = [
  'ssl.quorum.allowReverseDnsLookup=true',
  'client.portUnification=true',
  'ssl.keyStore.location=/k',
  'ssl.clientAuth=need',
  'fips-mode=true',
  'secureClientPort=0',
  'quorum.auth.kerberos.servicePrincipal=zk/_HOST',
  'quorum.cnxn.threads.size=20',
  'sessionRequireClientSASLAuth=false',
  // Neither has an effect in Apache ZooKeeper either.
  'sessionRequireClientSASLAuth=yes',
  'enforce.auth.schemes=sasl',
  'requireClientAuthScheme=sasl',
  'authProvider.1=org.apache.zookeeper.server.auth.DigestAuthenticationProvider',
  'authProvider.1=',
  'ensembleAuthName=',
  'audit.enable=false',
  'audit.impl.class=com.example.Log',
  'allowSaslFailedClients=true',
  'X509AuthenticationProvider.superUser=CN=root',
  'superUser=root',
  'letAnySaslUserDoX=true',
  'admin.portUnification=true',
  'admin.forceHttps=false',
  'admin.forceHttps=true\nadmin.enableServer=false',
  'enableEagerACLCheck=true',
  'serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory',
];

for (const line of started) {
  test(`field report C5: ${line.split('\n')[0]} is a warning`, () => {
    const { warnings } = parseConfig({ path: '/zoo.cfg', text: alone + line });
    const key = line.split('=')[0]!;
    const said = warnings.filter(warning => warning.includes(key));
    assert.is(said.length, 1, warnings.join('\n'));
    assert.match(said[0] ?? '', /without effect in this server/);
  });
}

test('field report C5: a refusal names all such keys at once, and none of their secrets', () => {
  const lines =
    'enforceQuota=true\naudit.enable=true\nssl.keyStore.password=hush\nauthProvider.password=hush\n';
  assert.throws(
    () => parseConfig({ path: '/zoo.cfg', text: alone + lines }),
    (error: ServerError) => {
      assert.match(
        error.message,
        /enforceQuota=true \(.*\), audit\.enable=true \(.*\), authProvider\.password \(/,
      );
      assert.not.match(JSON.stringify(error), /hush/);
      assert.not.match(error.message, /hush/);
      return true;
    },
  );
});

test('field report C5: a server that has only a TLS client port does not start, because it would have no port', () => {
  assert.throws(
    () => parseConfig({ path: '/zoo.cfg', text: 'dataDir=/d\nsecureClientPort=2281\n' }),
    (error: ServerError) => error.code === 'ZK_CONFIG_RESTRICTION',
  );
});
