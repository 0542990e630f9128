import { assert, suite } from '#test';
import type { ServerError } from '../errors.ts';
import { parseConfig } from './server-config.ts';

const test = suite('config: SASL between members');

const MEMBER = 'dataDir=/d\nclientPort=2181\ninitLimit=10\nsyncLimit=5\nserver.1=a:1:2\nserver.2=b:1:2\n';
const JAAS = new Map([['java.security.auth.login.config', '/etc/zookeeper//jaas.conf']]);

const configOf = (lines: string, systemProperties: ReadonlyMap<string, string> = JAAS, text = MEMBER) =>
  parseConfig({ path: '/zoo.cfg', text: text + lines, myid: '1', systemProperties });

test('SASL is off unless quorum.auth.enableSasl=true', () => {
  assert.is(configOf('quorum.auth.learner.saslLoginContext=X\n').quorumSasl, undefined);
});

test('the three steps of the upgrade', () => {
  const enabled = 'quorum.auth.enableSasl=true\n';
  const first = configOf(enabled).quorumSasl;
  assert.equal(first, {
    path: '/etc/zookeeper/jaas.conf',
    learnerContext: 'QuorumLearner',
    serverContext: 'QuorumServer',
    dials: false,
    isRequired: false,
  });
  const second = configOf(`${enabled}quorum.auth.learnerRequireSasl=true\n`).quorumSasl;
  assert.equal([second?.dials, second?.isRequired], [true, false]);
  const third = configOf(
    `${enabled}quorum.auth.learnerRequireSasl=true\nquorum.auth.serverRequireSasl=TRUE\nquorum.auth.server.saslLoginContext=S\n`,
  ).quorumSasl;
  assert.equal([third?.dials, third?.isRequired, third?.serverContext], [true, true, 'S']);
});

test('Java takes the JAAS file as a URL and behind "=", too', () => {
  for (const value of ['file:/j', 'file:///j', '=/j', '==file:/j'.slice(1)]) {
    const properties = new Map([['java.security.auth.login.config', value]]);
    assert.is(configOf('quorum.auth.enableSasl=true\n', properties).quorumSasl?.path, '/j', value);
  }
});

const refused: [lines: string, code: string, said: RegExp][] = [
  ['quorum.auth.serverRequireSasl=true', 'ZK_CONFIG_VALUE', /together with quorum\.auth\.enableSasl=true/],
  ['quorum.auth.learnerRequireSasl=true', 'ZK_CONFIG_VALUE', /together with quorum\.auth\.enableSasl=true/],
  [
    'quorum.auth.enableSasl=true\nquorum.auth.serverRequireSasl=true',
    'ZK_CONFIG_VALUE',
    /together with quorum\.auth\.learnerRequireSasl=true/,
  ],
  ['quorum.auth.enableSasl=on', 'ZK_CONFIG_VALUE', /true or false/],
  ['quorum.auth.serverRequireSasl=yes', 'ZK_CONFIG_VALUE', /true or false/],
  [
    'quorum.auth.enableSasl=true\nfips-mode=true',
    'ZK_CONFIG_VALUE',
    /fips-mode=true .* DIGEST-MD5 is not allowed in FIPS mode/,
  ],
];

for (const [lines, code, said] of refused) {
  test(`${lines.split('\n').at(-1)} refuses the start as upstream does`, () => {
    assert.throws(
      () => configOf(lines),
      (error: ServerError) => error.code === code && said.test(error.message),
    );
  });
}

test('without the name of a JAAS file the start is refused, with the flag that names it', () => {
  assert.throws(
    () => configOf('quorum.auth.enableSasl=true\n', new Map()),
    (error: ServerError) =>
      error.code === 'ZK_CONFIG_MISSING' && /-Djava\.security\.auth\.login\.config=FILE/.test(error.message),
  );
});

test('set where Apache does not look for it, it refuses the start', () => {
  const properties = new Map([...JAAS, ['zookeeper.quorum.auth.enableSasl', 'true']]);
  assert.throws(
    () => configOf('', properties),
    (error: ServerError) => error.code === 'ZK_CONFIG_RESTRICTION' && /in zoo\.cfg/.test(error.message),
  );
});

test('a standalone server starts, and says that it has no members to authenticate', () => {
  const config = configOf('quorum.auth.enableSasl=true\n', JAAS, 'dataDir=/d\nclientPort=2181\n');
  assert.is(config.quorumSasl, undefined);
  assert.ok(config.warnings.some(warning => /quorum\.auth\.enableSasl has no effect/.test(warning)));
});
