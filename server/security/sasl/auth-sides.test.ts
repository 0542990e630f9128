/**
 * The SASL handshake between members: our two sides with each other, and each with recorded bytes of Apache's
 * servers. A peer that does not know a password, names somebody else, or skips a step is refused.
 */
import { createHash } from 'node:crypto';
import { assert, suite } from '#test';
import { SeededRandom } from '../../runtime/seeded-random.ts';
import { encodeEpochAnswer, writeEpochQuestion, writeInitialMessage } from '../../wire/election-message.ts';
import { JuteWriter } from '../../wire/jute.ts';
import { AUTH_TOKEN_BYTES_MAX, type AuthStatus, encodeAuthPacket } from '../../wire/quorum-auth-packet.ts';
import { AuthLearnerSide, type AuthStep } from './auth-sides.ts';
import { parseDirectives } from './digest-directives.ts';
import { DigestClient } from './digest-md5.ts';
import { electionPreamble } from './preamble.ts';
import { bytesOf, CNONCE, NONCE, newSides, PASSWORD, USER } from './sasl.test-kit.ts';

const test = suite('security: SASL between members');

const NOTHING = Buffer.alloc(0);
const packet = (token: string | Buffer | null, status: AuthStatus = 'inProgress') =>
  encodeAuthPacket({ status, token: typeof token === 'string' ? Buffer.from(token) : token });

function refusalOf(step: AuthStep): string {
  if (step.type !== 'refuse') throw new Error(`"${step.type}" instead of a refusal`);
  return step.reason;
}

/** A dialling side that has got the challenge, and its response as text. */
function challenged(plan: Parameters<typeof newSides>[0] = {}) {
  const { server, learner } = newSides(plan);
  const challenge = bytesOf(server.take(learner.begin()));
  const response = bytesOf(learner.take(challenge)).subarray(16).toString();
  return { server, learner, response };
}

const INITIAL = (() => {
  const writer = new JuteWriter();
  writeInitialMessage(writer, 1, [{ host: 'zk1', port: 3888 }], 1);
  return writer.toBuffer();
})();
const QUESTION = (() => {
  const writer = new JuteWriter();
  writeEpochQuestion(writer);
  return writer.toBuffer();
})();

test('both sides prove that they know the password, and what follows is unread', () => {
  const { server, learner, response } = challenged();
  const done = server.take(Buffer.concat([packet(response), Buffer.from('next')]));
  if (done.type !== 'done') throw new Error(done.type);
  assert.is(done.rest.toString(), 'next');
  const proven = learner.take(Buffer.concat([done.bytes!, Buffer.from('answer')]));
  assert.is(proven.type === 'done' && proven.rest.toString(), 'answer');
});

/**
 * Recorded from Apache 3.8.0 on its election port: what it sends when it dials and gets our challenge, and
 * what it sends when it is dialled.
 */
const APACHE = {
  initial: 'ffffffffffff00000000000000000002000000113132372e3235302e312e323a3233383838',
  begins: '5f2435013501edcc0000000000000000',
  cnonce: 'T/YBSRs8sQcu6Pe6YAOwG+cVMfU8Z65z9Qgytywq',
  response: '317865129b6f993ab7053f4beef7cf36',
  nonce: 'Bu7/4bIaOdloZ0L+HoKBrrJXN/VZ4TAY7zkZ9OzC',
  challenge:
    '5f2435013501edcc000000000000006c7265616c6d3d227a6b2d71756f72756d2d7361736c2d6d6435222c6e6f6e63653d224275372f346249614f646c6f5a304c2b486f4b4272724a584e2f565a34544159377a6b5a394f7a43222c636861727365743d7574662d382c616c676f726974686d3d6d64352d73657373',
  success:
    '5f2435013501edcc0000000100000028727370617574683d3531313431303163363336656635356361336233663938386561353362666531',
};
const fromHex = (hex: string) => Buffer.from(hex, 'hex');
const apacheSays = (nonce: string, cnonce: string, response: string) =>
  `charset=utf-8,username="member",realm="zk-quorum-sasl-md5",nonce="${nonce}",nc=00000001,cnonce="${cnonce}",digest-uri="zookeeper-quorum/zk-quorum-sasl-md5",maxbuf=65536,response=${response},qop=auth,authzid="member"`;

test('the bytes of a member of Apache that dials are accepted, and Apache accepted ours', () => {
  const { server } = newSides({ preamble: electionPreamble });
  bytesOf(server.take(fromHex(APACHE.initial + APACHE.begins)));
  const step = server.take(packet(apacheSays(NONCE, APACHE.cnonce, APACHE.response)));
  if (step.type !== 'done') throw new Error(JSON.stringify(step));
  assert.equal(step.bytes, packet('rspauth=085b87f0481c35ecf16881aca425f414', 'success'));
  assert.is(step.rest.toString('hex'), APACHE.initial);
});

test('a member of Apache that is dialled gets the bytes that it accepted, and is accepted', () => {
  const { learner } = newSides();
  assert.is(learner.begin().toString('hex'), APACHE.begins);
  const response = bytesOf(learner.take(fromHex(APACHE.challenge)));
  const said = apacheSays(APACHE.nonce, CNONCE, '523000abf679a63fd2188e3205bdc3cc');
  assert.equal(response, packet(said));
  assert.is(learner.take(fromHex(APACHE.success)).type, 'done');
});

test('a handshake may come in any pieces', () => {
  const { server, learner } = newSides({ preamble: electionPreamble });
  const inBytes = (side: { take(chunk: Buffer): AuthStep }, bytes: Buffer): AuthStep => {
    for (const byte of bytes.subarray(0, -1)) {
      const step = side.take(Buffer.from([byte]));
      assert.is(step.type, 'wait');
    }
    return side.take(bytes.subarray(-1));
  };
  const challenge = bytesOf(inBytes(server, Buffer.concat([INITIAL, learner.begin()])));
  const response = bytesOf(inBytes(learner, challenge));
  const done = inBytes(server, response);
  if (done.type !== 'done') throw new Error(done.type);
  assert.equal(done.rest, INITIAL, 'who dials is read by the election');
  assert.is(inBytes(learner, done.bytes!).type, 'done');
});

/** A response with one directive replaced, or left out. */
const changed = (response: string, name: string, value: string | null): string =>
  response.replace(new RegExp(`(^|,)${name}=("[^"]*"|[^,]*)`), value === null ? '' : `$1${name}=${value}`);

const refusedResponses: [what: string, change: (response: string) => string, said: RegExp][] = [
  ['a wrong response', r => changed(r, 'response', '0'.repeat(32)), /its password for user member is wrong/],
  ['no response', r => changed(r, 'response', null), /its password for user member is wrong/],
  ['half a response', r => changed(r, 'response', 'abc'), /its password for user member is wrong/],
  ['an unknown user', r => changed(r, 'username', '"other"'), /user other is not known here/],
  ['no user', r => changed(r, 'username', null), /names no user/],
  ['a user twice', r => `${r},username="member"`, /it says username more than once/],
  ["another server's nonce", r => changed(r, 'nonce', '"other"'), /another exchange: nonce is other/],
  ['a second use of the nonce', r => changed(r, 'nc', '00000002'), /another exchange: nc is 00000002/],
  ['another realm', r => changed(r, 'realm', '"zk-sasl-md5"'), /another exchange: realm is zk-sasl-md5/],
  [
    "another host's service",
    r => changed(r, 'digest-uri', '"zookeeper/other-host"'),
    /another exchange: digest-uri is zookeeper\/other-host/,
  ],
  ['another quality', r => changed(r, 'qop', 'auth-conf'), /another exchange: qop is auth-conf/],
  ['another identity', r => changed(r, 'authzid', '"zk2"'), /its password for user member is wrong/],
  ['no identity', r => changed(r, 'authzid', null), /its password for user member is wrong/],
  ['no directives', () => 'hello', /is not DIGEST-MD5/],
  ['an open quote', () => 'username="member', /is not DIGEST-MD5/],
  ['nothing', () => '', /does not answer the challenge/],
];

for (const [what, change, said] of refusedResponses) {
  test(`a response with ${what} is refused, and the peer is told`, () => {
    const { server, learner, response } = challenged();
    const refused = server.take(packet(change(response)));
    assert.match(refusalOf(refused), said);
    assert.not.match(refusalOf(refused), new RegExp(PASSWORD));
    const told = refused.type === 'refuse' ? refused.bytes! : NOTHING;
    assert.match(refusalOf(learner.take(told)), /does not accept the user and the password of this server/);
  });
}

test('a user that knows its own password cannot act as another user', () => {
  const { server } = newSides();
  const challenge = bytesOf(server.take(packet(NOTHING))).subarray(16);
  const digest = new DigestClient({ username: USER, password: PASSWORD }, CNONCE);
  assert.ok(digest.respond(challenge).toString().includes(`authzid="${USER}"`));
  const response = asOther(challenge);
  assert.match(refusalOf(server.take(packet(response))), /user member may not act as zk2/);
});

/** The response of a client of DIGEST-MD5 that knows the password and wants to be "zk2". */
function asOther(challenge: Buffer): string {
  // The digest covers the identity, so it is made as RFC 2831 says, with another one.
  const md5 = (...parts: (string | Buffer)[]) => {
    const hash = createHash('md5');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const nonce = /nonce="([^"]*)"/.exec(challenge.toString())![1];
  const uri = 'zookeeper-quorum/zk-quorum-sasl-md5';
  const secret = md5(`${USER}:zk-quorum-sasl-md5:${PASSWORD}`);
  const a1 = md5(secret, `:${nonce}:${CNONCE}:zk2`).toString('hex');
  const a2 = md5(`AUTHENTICATE:${uri}`).toString('hex');
  const response = md5(`${a1}:${nonce}:00000001:${CNONCE}:auth:${a2}`).toString('hex');
  return `username="${USER}",realm="zk-quorum-sasl-md5",nonce="${nonce}",nc=00000001,cnonce="${CNONCE}",digest-uri="${uri}",response=${response},qop=auth,authzid="zk2"`;
}

test('a wrong password and an unknown user are refused', () => {
  for (const [plan, said] of [
    [{ password: 'wrong' }, /its password for user member is wrong/],
    [{ user: 'stranger' }, /user stranger is not known here/],
    [{ user: 'a\nb' }, /user a\\nb is not known here/],
  ] as const) {
    const { server, response } = challenged(plan);
    assert.match(refusalOf(server.take(packet(response))), said);
  }
});

test('steps out of order are refused', () => {
  const { response } = challenged();
  const first: [bytes: Buffer, said: RegExp][] = [
    [packet(response), /does not begin with an empty token/],
    [packet(NOTHING, 'success'), /ends the handshake before it has authenticated/],
    [packet(NOTHING, 'error'), /ends the handshake before it has authenticated/],
    [packet(Buffer.alloc(AUTH_TOKEN_BYTES_MAX + 1)), /a token has 4097 bytes; 4096 are accepted/],
    [
      Buffer.concat([packet(NOTHING).subarray(0, 8), Buffer.from('00000007', 'hex')]),
      /status 7 is not one of SASL/,
    ],
    [Buffer.concat([packet(NOTHING).subarray(0, 12), Buffer.from('7fffffff', 'hex')]), /2147483647 bytes/],
    [Buffer.concat([packet(NOTHING).subarray(0, 12), Buffer.from('fffffffe', 'hex')]), /-2 bytes/],
  ];
  for (const [bytes, said] of first) assert.match(refusalOf(newSides().server.take(bytes)), said);
  const second: [bytes: Buffer, said: RegExp][] = [
    [packet(NOTHING), /does not answer the challenge/],
    [packet(null), /does not answer the challenge/],
    [packet(response, 'success'), /ends the handshake before it has authenticated/],
    [Buffer.from('hello, it is me'), /is not a packet of SASL/],
  ];
  for (const [bytes, said] of second) assert.match(refusalOf(challenged().server.take(bytes)), said);
});

test('an empty token may be null', () => {
  assert.is(newSides().server.take(packet(null)).type, 'send');
});

test('serverRequireSasl: a peer that does not authenticate is refused, whatever it sends instead', () => {
  const hello = Buffer.from('0000000b00000000', 'hex');
  assert.match(
    refusalOf(newSides().server.take(hello)),
    /does not authenticate, and .*serverRequireSasl=true/,
  );
  const election = () => newSides({ preamble: electionPreamble }).server;
  for (const bytes of [Buffer.concat([INITIAL, hello]), QUESTION])
    assert.match(refusalOf(election().take(bytes)), /does not authenticate/);
  const silent = election();
  assert.is(silent.take(INITIAL).type, 'wait');
  assert.is(silent.silence().type, 'wait', 'silence opens nothing');
  assert.match(refusalOf(silent.end()), /does not authenticate/);
  assert.is(newSides().server.end().type, 'leave', 'a probe is not a refusal');
});

test('enableSasl alone: a peer that does not authenticate is let in, with all bytes that it has sent', () => {
  const open = () => newSides({ isRequired: false, preamble: electionPreamble }).server;
  const vote = Buffer.from('00000028000000', 'hex');
  const said = open().take(Buffer.concat([INITIAL, vote]));
  assert.is(
    said.type === 'done' && said.rest.toString('hex'),
    Buffer.concat([INITIAL, vote]).toString('hex'),
  );
  const ringing = open();
  assert.equal(ringing.take(INITIAL), { type: 'wait', mayBeAll: true });
  assert.is(ringing.end().type, 'done');
  const waiting = open();
  waiting.take(INITIAL);
  assert.is(waiting.silence().type, 'done');
  const asking = open().take(QUESTION);
  assert.is(asking.type === 'done' && asking.bytes, null);
  // A peer that begins the handshake must finish it.
  const { server, response } = challenged({ isRequired: false, password: 'wrong' });
  assert.is(server.silence().type, 'wait');
  assert.match(refusalOf(server.take(packet(response))), /its password for user member is wrong/);
});

test('a question for the accepted epoch comes after the handshake', () => {
  const { server, learner } = newSides({ preamble: electionPreamble });
  const response = bytesOf(learner.take(bytesOf(server.take(learner.begin()))));
  const done = server.take(Buffer.concat([response, QUESTION]));
  assert.is(done.type === 'done' && done.rest.toString('hex'), QUESTION.toString('hex'));
});

test('a first message that an election port does not know is refused before the handshake', () => {
  const { server } = newSides({ preamble: electionPreamble });
  const answer = encodeEpochAnswer({ sid: -5, acceptedEpoch: 1 });
  assert.match(refusalOf(server.take(answer)), /unknown election protocol version -5/);
});

const refusedServers: [what: string, bytes: Buffer[], said: RegExp][] = [
  ['does not speak SASL', [Buffer.from('ffffffff00000000', 'hex')], /enableSasl=true there/],
  ['accepts at once', [packet(NOTHING, 'success')], /without a proof, and gives none/],
  ['refuses at once', [packet(NOTHING, 'error')], /does not accept the user and the password/],
  ['challenges with nothing', [packet(NOTHING)], /its challenge has no nonce/],
  ['asks for no known digest', [packet('nonce="a",algorithm=sha-512')], /asks for algorithm sha-512/],
  ['wants encryption', [packet('nonce="a",algorithm=md5-sess,qop="auth-conf"')], /does not accept qop=auth/],
  ['has two nonces', [packet('nonce="a",nonce="b",algorithm=md5-sess')], /says nonce more than once/],
  [
    'does not know the password',
    [packet('nonce="a",algorithm=md5-sess'), packet(`rspauth=${'0'.repeat(32)}`, 'success')],
    /does not prove that it knows the password itself/,
  ],
  [
    'gives no proof',
    [packet('nonce="a",algorithm=md5-sess'), packet(NOTHING, 'success')],
    /does not prove that it knows the password itself/,
  ],
  [
    'goes on for ever',
    [packet('nonce="a",algorithm=md5-sess'), packet('nonce="a",algorithm=md5-sess')],
    /asks for more than DIGEST-MD5 has/,
  ],
];

for (const [what, said, reason] of refusedServers) {
  test(`a dialled peer that ${what} is refused`, () => {
    const learner = new AuthLearnerSide(new DigestClient({ username: USER, password: PASSWORD }, CNONCE));
    const steps = said.map(bytes => learner.take(bytes));
    assert.match(refusalOf(steps.at(-1)!), reason);
  });
}

test('a response that was changed anywhere that matters is never accepted', () => {
  const ESSENTIAL = [
    'username',
    'realm',
    'nonce',
    'cnonce',
    'nc',
    'qop',
    'digest-uri',
    'response',
    'authzid',
  ];
  const essence = (text: string) => {
    const said = parseDirectives(text);
    return ESSENTIAL.map(name => said.get(name)?.join() ?? (name === 'qop' ? 'auth' : '')).join('|');
  };
  const random = new SeededRandom('responses');
  let refused = 0;
  for (let i = 0; i < 5000; i++) {
    const { server, response } = challenged();
    const bytes = Buffer.from(response);
    for (let left = 1 + random.below(3); left > 0; left--)
      bytes[random.below(bytes.length)] = random.below(256);
    const step = server.take(packet(bytes));
    if (step.type === 'refuse') refused++;
    else assert.is(essence(bytes.toString()), essence(response), bytes.toString());
  }
  assert.ok(refused > 4000, `${refused} of 5000 were refused`);
});
