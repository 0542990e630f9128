import { assert, suite } from '#test';
import type { QuorumSasl } from '../../config/quorum-sasl.ts';
import type { ServerError } from '../../errors.ts';
import { emptyDisk, write } from '../stores/stores.test-kit.ts';
import { JAAS_BYTES_MAX, parseJaas } from './jaas-file.ts';
import { readAccounts } from './member-accounts.ts';
import { jaasText } from './sasl.test-kit.ts';

const test = suite('security: the JAAS file of members');

const PATH = '/tls/jaas.conf';
const SASL: QuorumSasl = {
  path: PATH,
  learnerContext: 'QuorumLearner',
  serverContext: 'QuorumServer',
  dials: true,
  isRequired: true,
};

function accountsOf(text: string | null, sasl = SASL) {
  const disk = emptyDisk();
  if (text !== null) write(disk, PATH, text);
  return readAccounts(disk, sasl);
}

test('the file holds the users and passwords of both sections', () => {
  const { own, known } = accountsOf(jaasText({ user: 'zk1', known: { zk1: 'a', zk2: 'b c"\\' } }));
  assert.equal(own, { username: 'zk1', password: 'opensesame' });
  assert.equal([known.get('zk1'), known.get('zk2')], ['a', 'b c"\\']);
  assert.is(known.size, 2);
});

test('other sections by quorum.auth.learner.saslLoginContext and quorum.auth.server.saslLoginContext', () => {
  const text = jaasText() + jaasText({ user: 'other' }).replace(/Quorum/g, 'Other');
  const { own } = accountsOf(text, { ...SASL, learnerContext: 'OtherLearner', serverContext: 'OtherServer' });
  assert.is(own.username, 'other');
});

test('the file is read as Java reads it: comments, quotes, several modules, no line ends', () => {
  const sections = parseJaas(
    `// one\n/* two\n } */ A{a.b.C REQUIRED x=y z="1 \\"2\\" \\t";a.b.D optional;};'B' { c.D sufficient u='v'; };`,
  );
  assert.equal([...sections.keys()], ['A', 'B']);
  const [first, second] = sections.get('A')!;
  assert.equal([first?.name, second?.name], ['a.b.C', 'a.b.D']);
  assert.equal(
    [...first!.options],
    [
      ['x', 'y'],
      ['z', '1 "2" \t'],
    ],
  );
});

const refused: [what: string, text: string | null, said: RegExp][] = [
  ['no file', null, /cannot be read: .*\/tls\/jaas\.conf|cannot be read/],
  ['too large', ' '.repeat(JAAS_BYTES_MAX + 1), /it has 65537 bytes; 65536 are accepted/],
  ['empty', '', /has no section QuorumLearner, which quorum\.auth\.learner\.saslLoginContext names/],
  ['no server section', jaasText().replace('QuorumServer', 'Server'), /has no section QuorumServer/],
  [
    'Kerberos',
    jaasText().replace(/org\S+DigestLoginModule/, 'com.sun.security.auth.module.Krb5LoginModule'),
    /asks for com\.sun\.security\.auth\.module\.Krb5LoginModule in section QuorumServer; .* no Kerberos/,
  ],
  ['no users', jaasText({ known: {} }), /has no option user_NAME="password" in section QuorumServer/],
  ['no password', jaasText().replace(/password="[^"]*"/, ''), /has no username and password in section Quo/],
  ['an empty password', jaasText({ password: '' }), /has no username and password/],
  ['no semicolon', jaasText().replace(/;\n}/, '\n}'), /an option or ";" is expected in line 4/],
  [
    'no flag',
    jaasText().replace('required', ''),
    /required, requisite, sufficient, optional is expected in line 3/,
  ],
  [
    'no value',
    jaasText().replace('="opensesame";\n};\nQ', '=;\n};\nQ'),
    /the value of an option is expected/,
  ],
  ['an open quote', jaasText().replace('opensesame"', 'opensesame'), /is not a JAAS file/],
  ['a property', jaasText({ password: `\${secret}` }), /this server does not insert system properties/],
  ['a section twice', jaasText() + jaasText(), /has section QuorumServer more than once/],
  ['an open comment', `${jaasText()}/* `, /the name of a section is expected in line 10/],
];

for (const [what, text, said] of refused) {
  test(`${what} refuses the start with one line`, () => {
    assert.throws(
      () => accountsOf(text),
      (error: ServerError) => {
        assert.is(error.code, 'ZK_JAAS', error.message);
        assert.match(error.message, said);
        assert.not.match(error.message, /\n|opensesame/);
        return true;
      },
    );
  });
}
