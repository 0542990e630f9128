import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { ServerError } from '../errors.ts';
import { usedKeys } from './config-keys.ts';
import { notYetUsedKeys } from './keys-without-effect.ts';
import { alone, parse, refused, three } from './server-config.test-kit.ts';

const test = suite('config: values that refuse the start');

test('a key that the role needs is missing', () => {
  refused(
    'ZK_CONFIG_MISSING',
    /^dataDir is missing in \/zoo\.cfg; it is needed for every server/,
    'clientPort=1',
  );
  refused('ZK_CONFIG_MISSING', /^dataDir is missing/, three.replace('dataDir=/d', ''), { myid: '1' });
  refused('ZK_CONFIG_MISSING', /^clientPort is missing.*standalone/, 'dataDir=/d');
  refused('ZK_CONFIG_MISSING', /^initLimit is missing.*ensemble/, three.replace('initLimit=10', ''), {
    myid: '1',
  });
  refused('ZK_CONFIG_MISSING', /^syncLimit is missing.*ensemble/, three.replace('syncLimit=5', ''), {
    myid: '1',
  });
});

test('a myid that is missing, no number or of no member refuses the start', () => {
  refused('ZK_MYID', /^\/d\/myid is missing; .* one of 1, 2, 3, 4/, three);
  refused('ZK_MYID', /contains ""/, three, { myid: '' });
  refused('ZK_MYID', /contains "one"/, three, { myid: 'one\n' });
  refused('ZK_MYID', /contains "-1"/, three, { myid: '-1' });
  refused('ZK_MYID', /contains 9, but there is no line server\.9/, three, { myid: '9\n' });
  assert.is(parse(three, { myid: ' 4 \n5\n' }).quorum?.sid, 4);
});

/** Key, values that are not accepted, and what the message says is accepted. */
const badValues: [key: string, values: string[], accepts: RegExp][] = [
  [
    'tickTime',
    ['0', '-1', 'x', '', '1.5', '2147483648', '1e3', '0x10', '99999999999999999999'],
    /an integer from 1 to 2147483647/,
  ],
  ['clientPort', ['-1', '65536', 'http', '0x885', '2_181', '2,181', ''], /an integer from 0 to 65535/],
  ['observerMasterPort', ['x', '0x88f'], /an integer from 0/],
  ['maxClientCnxns', ['many', '1.0', '4294967296'], /an integer from 0/],
  ['minSessionTimeout', ['4s', ''], /an integer from -1/],
  ['maxSessionTimeout', ['-2'], /an integer from -1/],
  ['electionAlg', ['0', '2', '4'], /an integer from 3 to 3/],
  ['standaloneEnabled', ['yes', '1', ''], /true or false/],
  ['peerType', ['voter', ''], /participant or observer/],
  ['dataDir', [''], /not empty/],
];

for (const [key, values, accepts] of badValues) {
  test(`${key}: a refusal says what is accepted`, () => {
    for (const value of values) {
      assert.throws(
        () => parse(`${alone}${key}=${value}`),
        (error: Error & { code: string }) =>
          error.code === 'ZK_CONFIG_VALUE' &&
          error.message.startsWith(`${key}=${value} is not accepted; accepted is`) &&
          accepts.test(error.message),
        `${key}=${value}`,
      );
    }
  });
}

test('values that must fit each other', () => {
  const timeouts = `${alone}minSessionTimeout=100\nmaxSessionTimeout=50`;
  refused(
    'ZK_CONFIG_VALUE',
    /minSessionTimeout=100 is not accepted; accepted is at most maxSessionTimeout, 50 ms/,
    timeouts,
  );
  refused('ZK_CONFIG_VALUE', /at most maxSessionTimeout, 60000/, `${alone}minSessionTimeout=60001`);
});

test('good values at their edges', () => {
  const config = parse(
    `${alone}maxClientCnxns=0\nsnapshotSizeFactor=-1\n4lw.commands.whitelist= stat, ruok ,\nskipACL=yes\nreadonlymode.enabled=TRUE\njute.maxbuffer=2147483647`,
  );
  assert.is(config.maxClientCnxns, 0);
  assert.is(config.snapshotSizeFactor, -1);
  assert.equal(config.fourLetterWords, ['stat', 'ruok']);
  assert.is(config.skipAcl, true);
  assert.is(config.readOnlyModeEnabled, true);
  assert.is(config.jute.frameBytesMax, 2_147_483_647);
});

test('property: whatever stands in zoo.cfg, it is a configuration or a ServerError', () => {
  const key = fc.oneof(
    fc.constantFrom(...Object.values(usedKeys).map(used => used.key), ...Object.keys(notYetUsedKeys)),
    fc.constantFrom('server.1', 'server.2', 'server.x', 'group.1', 'weight.1', '__proto__', 'constructor'),
    fc.string(),
  );
  const value = fc.oneof(
    fc.constantFrom('true', 'no', '1', '-1', '3', 'h:1:2', 'h:1:2:observer;[::1]:3', '1:2', '__proto__', ''),
    fc.string(),
  );
  const line = fc.tuple(key, value).map(([name, text]) => `${name}=${text}`);
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 12 }),
      fc.option(fc.string(), { nil: undefined }),
      (lines, myid) => {
        try {
          parse([alone, ...lines].join('\n'), myid === undefined ? {} : { myid });
        } catch (error) {
          assert.instance(error, ServerError);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('very long lines are neither compared with every key nor quoted in full', () => {
  const endless = 'x'.repeat(500_000);
  const [warning = ''] = parse(`${alone}${endless}=1`).warnings;
  assert.match(warning, /^unknown key x{200}\.\.\.$/);
  refused(
    'ZK_CONFIG_VALUE',
    /^tickTime=x{200}\.\.\. is not accepted; accepted is an integer/,
    `${alone}tickTime=${endless}`,
  );
  refused('ZK_MYID', /myid contains "x{40}"; accepted is one of 1, 2/, three, { myid: endless });
});
