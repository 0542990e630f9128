/**
 * Responders that say whether certificates are revoked. When a responder does not say, the lists count, and
 * without lists the certificate is refused.
 */
import { X509Certificate } from 'node:crypto';
import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { TestAuthority } from '../../runtime/tls/certificates.test-kit.ts';
import { DerError } from '../der/der.ts';
import { ANSWER_BYTES_MAX } from './ask-responder.ts';
import { certificateFields } from './certificate-fields.ts';
import { ANSWER_AGE_MS_MAX } from './kept-answers.ts';
import { NOW_MS, ok, RevocationWorld } from './revocation.test-kit.ts';
import { ANSWERS_MAX } from './revocation.ts';
import { CLOCK_SKEW_MS_MAX, certificateId, StatusAnswer, statusQuestion } from './status-answer.ts';
import { type AnswerPlan, answerTo, refusalOf } from './status-answers.test-kit.ts';

const test = suite('security: responders');

const AUTHORITY = new TestAuthority('ours');
const RESPONDER = 'http://pki:8080/ocsp';
const LIST = 'http://pki:8080/ours.crl';

/** A world whose server answers every question as `plan` says, and returns a list when asked for one. */
function worldWith(plan: AnswerPlan | Buffer, by = AUTHORITY, list = AUTHORITY.list()): RevocationWorld {
  const world = new RevocationWorld(AUTHORITY, true);
  world.answer = request => {
    const [head = '', ...rest] = request.toString('latin1').split('\r\n\r\n');
    if (head.startsWith('GET')) return ok(list);
    const question = Buffer.from(rest.join('\r\n\r\n'), 'latin1');
    return ok(Buffer.isBuffer(plan) ? plan : answerTo(question, by, plan));
  };
  return world;
}

const issue = (name: string, lists: readonly string[] = []) =>
  AUTHORITY.issueWithResponder(name, RESPONDER, lists, name);

test('a certificate is accepted when its responder says that it is good, and refused when it was revoked', () => {
  const world = worldWith({});
  assert.is(world.check(issue('good')), null);
  assert.match(
    world.asked[0]!,
    /^POST \/ocsp HTTP\/1\.0\r\nHost: pki:8080\r\nContent-Type: application\/ocsp-request\r\nContent-Length: \d+\r\n/,
  );
  assert.match(
    worldWith({ status: 'revoked' }).check(issue('bad', [LIST])) ?? '',
    /^its certificate CN=bad is not accepted: it was revoked on 2021-01-01T00:00:00/,
  );
});

test('a responder may name itself by its key, and may be one that the authority has appointed', () => {
  const responder = AUTHORITY.issueForResponder('responder');
  const plans: AnswerPlan[] = [{ namesKey: true }, { responder }, { responder, namesKey: true }];
  for (const plan of plans) {
    assert.is(worldWith(plan).check(issue('good')), null);
    assert.match(worldWith({ ...plan, status: 'revoked' }).check(issue('bad')) ?? '', /revoked on/);
  }
});

const silent: [what: string, plan: AnswerPlan | Buffer, said: RegExp, by?: TestAuthority][] = [
  ['that does not know the certificate', { status: 'unknown' }, /it does not know the certificate/],
  ['that says to ask later', refusalOf(3), /it answers tryLater/],
  ['that says something else', refusalOf(9), /it answers 9/],
  ['that does not speak the protocol', Buffer.from('hello'), /it does not answer as a responder/],
  ['of another authority', {}, /not signed by the authority/, new TestAuthority('others')],
  ['of a namesake', {}, /not signed by the authority/, new TestAuthority('ours')],
  [
    'whom nobody has appointed',
    { responder: AUTHORITY.issue('member') },
    /nor by a responder that this authority has appointed/,
  ],
  [
    'whose certificate is over',
    { responder: AUTHORITY.issueForResponder('old', '210101000000Z') },
    /nor by a responder that this authority has appointed/,
  ],
  ['of yesterday', { from: '20251231000000Z' }, /its answer was to be renewed by 2025-12-31T/],
  ['of tomorrow', { from: '20260102000000Z' }, /its answer is not valid before 2026-01-02T/],
  ['with more to understand', { critical: '551d1b' }, /its answer has critical extensions/],
  ['that says too much', Buffer.alloc(ANSWER_BYTES_MAX + 1), /it has 16385 bytes; 16384 are accepted/],
];

for (const [what, plan, said, by] of silent) {
  test(`a responder ${what} does not count: a certificate is refused without a list, and else the list counts`, () => {
    const alone = worldWith(plan, by).check(issue('alone')) ?? '';
    assert.match(alone, /^whether its certificate CN=alone is revoked is not known: the responder at http:/);
    assert.match(alone, said);
    assert.is(worldWith(plan, by).check(issue('listed', [LIST])), null);
    const revoked = issue('revoked', [LIST]);
    const list = AUTHORITY.list({ revoked: [revoked] });
    assert.match(worldWith(plan, by, list).check(revoked) ?? '', /it was revoked on/);
  });
}

test('the refusal names both reasons when neither source answers, and says which sources the certificate does not name', () => {
  const world = worldWith({ status: 'unknown' }, AUTHORITY, Buffer.from('hello'));
  assert.match(
    world.check(issue('x', [LIST])) ?? '',
    /not known: the responder at \S+: it does not know the certificate; the list at \S+: it is no list$/,
  );
  assert.match(
    world.check(AUTHORITY.issue('none')) ?? '',
    /it names no responder \(authority information access\) and no list \(CRL distribution point\)$/,
  );
  const odd = AUTHORITY.issueWithResponder('odd', 'https://pki/ocsp', []);
  assert.match(world.check(odd) ?? '', /the responder at https:\S+: only http: is asked/);
});

test('the clock of a responder may be a quarter of an hour off, and an answer may be valid for longer', () => {
  const world = worldWith({ from: '20251231000000Z', until: '20260101001000Z' });
  const certificate = issue('kept');
  assert.is(world.check(certificate), null);
  world.time.advance(CLOCK_SKEW_MS_MAX);
  assert.is(world.check(certificate), null);
  world.time.advance(CLOCK_SKEW_MS_MAX);
  assert.match(world.check(certificate) ?? '', /to be renewed by 2026-01-01T00:10:00/);
});

test('a kept answer is renewed after a while, and does not outlast a responder that has failed', () => {
  const world = worldWith({ until: '20270101000000Z' });
  const certificate = issue('asked');
  for (let i = 0; i < 2; i++) assert.is(world.check(certificate), null);
  assert.is(world.asked.length, 1, 'one question while the answer is new');
  world.answer = () => null;
  world.time.advance(ANSWER_AGE_MS_MAX);
  assert.match(world.check(certificate) ?? '', /no answer in 5000 ms/);
});

test('the number of kept answers is limited', () => {
  const world = worldWith({});
  const first = issue('first');
  world.check(first);
  for (let i = 0; i < ANSWERS_MAX; i++)
    world.checkAtOnce(AUTHORITY.issueWithResponder('x', `${RESPONDER}?${i}`, []));
  world.time.advance(1000);
  const asked = world.asked.length;
  assert.is(world.check(first), null);
  assert.is(world.asked.length, asked + 1, 'the oldest was forgotten');
});

test('an answer that was changed anywhere does not count, or says what it said before', () => {
  const member = new X509Certificate(issue('member').certificate);
  const authority = new X509Certificate(AUTHORITY.certificate);
  const id = certificateId(certificateFields(member), certificateFields(authority));
  const answer = answerTo(statusQuestion(id), AUTHORITY, { status: 'revoked' });
  const change = fc.tuple(fc.nat(answer.length - 1), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(change, fc.nat(answer.length), ([at, by], length) => {
      const changed = Buffer.from(answer);
      changed[at]! ^= by;
      for (const bytes of [changed, answer.subarray(0, length)]) {
        try {
          const read = new StatusAnswer(bytes, id);
          if (read.problemFor(authority, NOW_MS) === null)
            assert.is(read.revokedMs(), Date.UTC(2021, 0, 1), 'it counts, and says it is not revoked');
        } catch (error) {
          assert.instance(error, DerError);
        }
      }
    }),
    { numRuns: 300 },
  );
});
