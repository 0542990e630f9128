import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { AuthenticationProvider } from './authentication-provider.ts';
import { digestId } from './digest-id.ts';
import { testProviders } from './providers.test-kit.ts';

const test = suite('auth: providers');

const HOST = '10.0.0.7';
const USER = digestId('user:pass');
const ROOT = digestId('root:pass');

/** The outcome of one token at a provider: "scheme:id" of everything proven, or how it fails. */
function stepOf(scheme: string, token: string | null, settings = {}): string {
  const provider = testProviders(settings).get(scheme);
  const step = provider?.step(token === null ? null : Buffer.from(token), { host: HOST, certificate: null });
  if (step?.kind !== 'proven') return step?.kind ?? 'unknown';
  return step.ids.map(({ scheme: of, id }) => `${of}:${id}`).join(' ');
}

test('what one token proves', () => {
  const off = { digestAuthEnabled: false, superDigest: USER };
  const cases: [scheme: string, token: string | null, proves: string, settings?: object][] = [
    ['world', 'anyone', 'failed'],
    ['auth', '', 'failed'],
    ['super', '', 'failed'],
    ['ip', null, `ip:${HOST}`],
    ['ip', '1.2.3.4', `ip:${HOST}`],
    ['digest', null, 'failed'],
    ['digest', '', `digest:${digestId('')}`],
    ['digest', 'user', `digest:${digestId('user')}`],
    ['digest', 'user:pass', `digest:${USER}`],
    ['digest', 'user:pass', `digest:${digestId('user:pass', 'sha512')}`, { digestAlgorithm: 'sha512' }],
    ['digest', 'root:pass', `digest:${ROOT} super:`, { superDigest: ROOT }],
    ['digest', 'root:other', `digest:${digestId('root:other')}`, { superDigest: ROOT }],
    ['digest', 'user:pass', 'failed', off],
    ['sasl', 'user', 'unknown'],
    ['x509', null, 'unknown'],
    ['', '', 'unknown'],
  ];
  for (const [scheme, token, proves, settings] of cases)
    assert.is(stepOf(scheme, token, settings), proves, `${scheme} ${token} ${JSON.stringify(settings)}`);
});

test('what an ACL may name, and what getACL and whoAmI show of it', () => {
  const cases: [scheme: string, id: string, valid: boolean, user: string, withoutSecret: string][] = [
    ['world', 'anyone', true, 'anyone', 'anyone'],
    ['world', 'someone', false, 'someone', 'someone'],
    ['super', '', false, '', ''],
    ['ip', '10.0.0.0/8', true, '10.0.0.0/8', '10.0.0.0/8'],
    ['ip', '10.0.0.0/33', false, '10.0.0.0/33', '10.0.0.0/33'],
    ['digest', 'user:hash', true, 'user', 'user:x'],
    ['digest', 'user:', false, 'user', 'user:x'],
    ['digest', 'user', false, 'user', 'user:x'],
    ['digest', 'a:b:c', false, 'a', 'a:x'],
    ['digest', ':hash', true, '', ':x'],
  ];
  for (const [scheme, id, valid, user, withoutSecret] of cases) {
    const provider = testProviders().get(scheme)!;
    assert.equal(
      [provider.isValid(id), provider.userName(id), provider.withoutSecret(id)],
      [valid, user, withoutSecret],
      `${scheme}:${id}`,
    );
  }
  const off = testProviders({ digestAuthEnabled: false }).get('digest')!;
  assert.equal([off.isValid('user:hash'), off.withoutSecret('user:hash')], [false, 'user:x']);
});

test('which schemes stand for an author, count as proof, apply at connect, or pass any ACL', () => {
  const schemes = ['world', 'auth', 'ip', 'super', 'digest'];
  const those = (wanted: (provider: AuthenticationProvider) => boolean, settings = {}) => {
    const providers = testProviders(settings);
    return schemes.filter(scheme => wanted(providers.get(scheme)!));
  };
  assert.equal(
    those(({ standsForAuthor }) => standsForAuthor),
    ['auth'],
  );
  assert.equal(
    those(({ isAuthenticated }) => isAuthenticated),
    ['digest'],
  );
  assert.equal(
    those(({ isAuthenticated }) => isAuthenticated, { digestAuthEnabled: false }),
    [],
  );
  assert.equal(
    those(({ atConnect }) => atConnect),
    ['ip'],
  );
  assert.equal(
    those(({ passesAnyAcl }) => passesAnyAcl),
    ['super'],
  );
});

test('property: an entry matches the identity that it names, also in an unknown scheme', () => {
  const id = fc.constantFrom('a', 'b', 'user:hash', '', '__proto__');
  const scheme = fc.constantFrom('world', 'digest', 'super', 'auth', 'x509', '__proto__');
  const entry = fc.record({ id, perms: fc.integer({ min: 0, max: 31 }) });
  fc.assert(
    fc.property(scheme, fc.array(entry), id, (of, entries, asked) => {
      const matcher = testProviders().matcherOf(of);
      for (const { id: aclId, perms } of entries) matcher.grant(aclId, perms);
      const wanted = entries.filter(each => each.id === asked).reduce((all, { perms }) => all | perms, 0);
      assert.is(matcher.permsOf(asked), wanted);
    }),
  );
});

test('an additional provider is used everywhere, and replaces one of the same scheme', () => {
  class Other extends AuthenticationProvider {
    readonly scheme = 'digest';
  }
  assert.is(testProviders({}, [new Other()]).get('digest')!.isValid('user:hash'), false);
});
