/**
 * Lists of revoked certificates, from a server or a file. A certificate whose state cannot be found out is
 * not accepted.
 */
import { assert, suite } from '#test';
import { TestAuthority } from '../../runtime/tls/certificates.test-kit.ts';
import { write } from '../stores/stores.test-kit.ts';
import { LIST_BYTES_MAX } from './fetch-list.ts';
import { EXCHANGE_MS_MAX } from './http-exchange.ts';
import { ANSWER_AGE_MS_MAX } from './kept-answers.ts';
import { ok, RevocationWorld } from './revocation.test-kit.ts';
import { LISTS_MAX } from './revocation.ts';

const test = suite('security: revoked certificates');

const AUTHORITY = new TestAuthority('ours');
const URL = 'http://pki:8080/ours.crl';
/** A world whose server returns this list; null: it does not answer. */
function worldWith(answer: Buffer | null = ok(AUTHORITY.list())): RevocationWorld {
  const world = new RevocationWorld(AUTHORITY, false);
  world.answer = () => answer;
  return world;
}

const issue = (name: string, urls = [URL]) => AUTHORITY.issueWithLists(name, urls, name);

test('a certificate is accepted unless the list of its authority contains it', () => {
  const world = worldWith();
  const [good, bad] = [issue('good'), issue('bad')];
  world.answer = () => ok(AUTHORITY.list({ revoked: [bad] }), 'Content-Type: application/pkix-crl\r\n');
  assert.is(world.check(good), null);
  assert.match(
    world.check(bad) ?? '',
    /^its certificate CN=bad is not accepted: it was revoked on 2021-01-01T00:00:00/,
  );
  assert.is(world.asked.length, 1, 'one fetch for both');
  assert.match(world.asked[0]!, /^GET \/ours\.crl HTTP\/1\.0\r\nHost: pki:8080\r\n/);
});

test('a list may be PEM, and may be a file', () => {
  const world = worldWith();
  const pem = `-----BEGIN X509 CRL-----\n${AUTHORITY.list().toString('base64')}\n-----END X509 CRL-----\n`;
  write(world.disk, '/tls/a list.crl', pem);
  assert.is(world.check(issue('a', ['file:///tls/a%20list.crl'])), null);
  assert.match(world.check(issue('b', ['file:///tls/none.crl'])) ?? '', /the list at file:\S+: .*none\.crl/);
});

const undetermined: [what: string, answer: Buffer | null, said: RegExp][] = [
  ['no answer', null, /no answer in 5000 ms/],
  ['an error', Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n'), /the answer is 404/],
  ['no HTTP', Buffer.from('hello'), /the answer is not HTTP/],
  ['half an answer', ok(Buffer.alloc(10), 'Content-Length: 20\r\n'), /has 10 of 20 bytes/],
  ['too much', ok(Buffer.alloc(LIST_BYTES_MAX + 1)), /it has 1048577 bytes; 1048576 are accepted/],
  ['no list', ok(Buffer.from('hello')), /it is no list/],
  ['an empty list', ok(Buffer.alloc(0)), /it is no list/],
  ['the list of another authority', ok(new TestAuthority('others').list()), /it is of another authority/],
  ['a list that a namesake has signed', ok(new TestAuthority('ours').list()), /its signature is wrong/],
  ['an old list', ok(AUTHORITY.list({ until: '250101000000Z' })), /it was to be renewed by 2025-01-01T/],
  ['a list of tomorrow', ok(AUTHORITY.list({ from: '270101000000Z' })), /it is not valid before 2027-01-01T/],
  [
    'changes to a list',
    ok(AUTHORITY.list({ critical: '551d1b' })),
    /critical extensions .* \(2\.5\.29\.27\)/,
  ],
];

for (const [what, answer, said] of undetermined) {
  test(`with ${what} a certificate is not accepted`, () => {
    const world = worldWith();
    world.answer = () => answer;
    const verdict = world.check(issue('good')) ?? '';
    assert.match(verdict, /^whether its certificate CN=good is revoked is not known: the list at http:/);
    assert.match(verdict, said);
  });
}

test('a certificate that names no list is not accepted, nor one with other URLs', () => {
  const world = worldWith();
  assert.match(world.check(AUTHORITY.issue('none')) ?? '', /it names no list \(CRL distribution point\)/);
  assert.match(world.check(issue('ldap', ['ldap://x/y'])) ?? '', /only http: and file: are fetched/);
  assert.match(world.check(issue('odd', ['not a url'])) ?? '', /only http: and file: are fetched/);
});

test('the second list is asked for when the first does not count', () => {
  const world = worldWith();
  const bad = issue('bad', ['ldap://x/y', URL]);
  world.answer = () => ok(AUTHORITY.list({ revoked: [bad] }));
  assert.match(world.check(bad) ?? '', /it was revoked/);
});

test('a list is fetched again after a while, and one that cannot be renewed counts until it expires', () => {
  const world = worldWith();
  const certificate = issue('renewed');
  world.answer = () => ok(AUTHORITY.list({ until: '260101000200Z' }));
  assert.is(world.check(certificate), null);
  world.answer = () => null;
  world.time.advance(ANSWER_AGE_MS_MAX);
  assert.is(world.check(certificate), null);
  assert.is(world.asked.length, 2);
  world.time.advance(120_000);
  assert.match(world.check(certificate) ?? '', /it was to be renewed by 2026-01-01T00:02:00/);
  world.answer = () => ok(AUTHORITY.list({ revoked: [certificate] }));
  world.time.advance(ANSWER_AGE_MS_MAX);
  assert.match(world.check(certificate) ?? '', /it was revoked/);
});

test('the number of kept lists is limited', () => {
  const world = worldWith();
  for (let i = 0; i <= LISTS_MAX; i++) assert.is(world.check(issue('x', [`${URL}?${i}`])), null);
  assert.is(world.asked.length, LISTS_MAX + 1);
  world.check(issue('x', [`${URL}?0`]));
  assert.is(world.asked.length, LISTS_MAX + 2, 'the oldest was forgotten');
});

test('a certificate that no authority of the trust store has issued is not accepted', () => {
  const world = worldWith();
  assert.match(world.check(issue('x'), new TestAuthority('others')) ?? '', /its chain cannot be read/);
});

test('a cancelled check never calls back', () => {
  const world = worldWith();
  let told = false;
  const check = world.checkAtOnce(issue('x'), () => {
    told = true;
  });
  check.cancel();
  world.time.advance(2 * EXCHANGE_MS_MAX);
  assert.not(told);
});
