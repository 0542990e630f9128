import { X509Certificate } from 'node:crypto';
import { assert, suite } from '#test';
import {
  type AuthClient,
  AuthenticationProvider,
  type AuthStep,
  FAILED,
  proven as provenAs,
} from '../auth/authentication-provider.ts';
import { digestId } from '../auth/digest-id.ts';
import { testProviders } from '../auth/providers.test-kit.ts';
import { body, MemoryClient, requestFrame } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { TestAuthority } from '../runtime/tls/certificates.test-kit.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { writeAuthRequest } from '../wire/requests.ts';
import { ClientIdentities, IDENTITY_BYTES_MAX } from './client-identities.ts';

const test = suite('clients: identities');

/** Asks for the user, then for the letters of it backwards. */
class Backwards extends AuthenticationProvider {
  readonly scheme: string;
  override readonly isAuthenticated = true;

  constructor(scheme: string) {
    super();
    this.scheme = scheme;
  }

  override step(token: Buffer | null): AuthStep {
    const user = String(token);
    const next = (answer: Buffer | null) =>
      String(answer) === [...user].reverse().join('') ? provenAs({ scheme: this.scheme, id: user }) : FAILED;
    return { kind: 'challenge', answer: Buffer.from(`${user} backwards?`), next: { step: next } };
  }

  override isValid(aclId: string): boolean {
    return aclId.length > 0;
  }
}

/** Refuses everybody from one host, whatever the host proves. */
class NotFrom extends AuthenticationProvider {
  readonly scheme = 'not-from';
  override readonly atConnect = true;
  readonly #host: string;

  constructor(host: string) {
    super();
    this.#host = host;
  }

  override step(_token: Buffer | null, { host }: AuthClient): AuthStep {
    return host === this.#host ? FAILED : provenAs();
  }
}

/** "user:" and 28 characters of hash, behind the scheme. */
const BESIDES_USER = 'digest'.length + 1 + 28;

const prove = (ids: ClientIdentities, user: string) =>
  ids.step('digest', Buffer.from(`${user}:x`)).kind === 'proven';

function identities(host: string, ...besides: AuthenticationProvider[]): ClientIdentities {
  const ids = new ClientIdentities({ host, certificate: null }, testProviders({}, besides));
  assert.is(ids.connected(), true);
  return ids;
}

test('field report D3: the limit is on all identities of a connection together: one long user name fits', () => {
  const ids = identities('127.0.0.1');
  assert.is(prove(ids, 'u'.repeat(IDENTITY_BYTES_MAX - BESIDES_USER)), true);
  assert.is(prove(ids, 'u'.repeat(IDENTITY_BYTES_MAX - BESIDES_USER)), true, 'the same again');
  assert.is(prove(ids, 'v'), false);
  assert.is(ids.all.length, 2);
  assert.is(prove(identities('::1'), 'u'.repeat(IDENTITY_BYTES_MAX - BESIDES_USER + 1)), false);
});

test('a connection has at most a hundred identities, its address among them', () => {
  const ids = identities('127.0.0.1');
  for (let i = 1; i < 100; i++) assert.is(prove(ids, `${i}`), true);
  assert.is(prove(ids, '100'), false);
  assert.is(ids.all.length, 100);
});

test('field report D3: a digest user longer than 1 KB is accepted, also by the leader that its writes are forwarded to', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  const user = 'u'.repeat(90_000);
  for (const sid of [1, 2, 3]) {
    const client = MemoryClient.open(ensemble, sid);
    const request = { type: 0, scheme: 'digest', auth: Buffer.from(`${user}:pass`) };
    client.raw.write(requestFrame(Xid.auth, OpCode.auth, w => writeAuthRequest(w, request)));
    assert.is(client.reply(Xid.auth).err, ErrorCode.OK, `member ${sid}`);
    const acl = [{ perms: 31, id: { scheme: 'digest', id: digestId(`${user}:pass`) } }];
    assert.is(client.ask(OpCode.create, body.create(`/c${sid}`, '', 0, acl)).err, ErrorCode.OK);
    assert.is(client.ask(OpCode.setData, body.setData(`/c${sid}`, 'x')).err, ErrorCode.OK);
    const stranger = MemoryClient.open(ensemble, sid);
    assert.is(stranger.ask(OpCode.setData, body.setData(`/c${sid}`, 'y')).err, ErrorCode.NOAUTH);
  }
});

/** A lone server and a client that has said who it is, with what the server answered. */
function proven(settings: Readonly<Record<string, string>>, secret = 'user:pass') {
  const ensemble = new MemoryEnsemble({ voters: 0, settings }).start();
  const client = MemoryClient.open(ensemble);
  const request = { type: 0, scheme: 'digest', auth: Buffer.from(secret) };
  client.raw.write(requestFrame(Xid.auth, OpCode.auth, w => writeAuthRequest(w, request)));
  return { ensemble, client, err: client.reply(Xid.auth).err };
}

const digestAcl = (id: string) => [{ perms: 31, id: { scheme: 'digest', id } }];

test('field report C5: digestAlg applies to every digest, including that of the super user', () => {
  const sha256 = digestId('user:pass', 'sha256');
  const alg = { 'DigestAuthenticationProvider.digestAlg': 'SHA-256' };
  const { client, ensemble } = proven(alg);
  for (const [path, id] of [
    ['/mine', sha256],
    ['/of-sha1', digestId('user:pass')],
  ] as const)
    client.ask(OpCode.create, body.create(path, 'secret', 0, digestAcl(id)));
  assert.is(client.get('/mine'), 'secret');
  assert.is(client.get('/of-sha1'), ErrorCode.NOAUTH);
  assert.is(MemoryClient.open(ensemble).get('/mine'), ErrorCode.NOAUTH);

  const superDigest = { 'DigestAuthenticationProvider.superDigest': digestId('super:x', 'sha256') };
  const root = proven({ ...alg, ...superDigest }, 'super:x').client;
  root.ask(OpCode.create, body.create('/any', 'secret', 0, digestAcl(sha256)));
  assert.is(root.get('/any'), 'secret');
});

test('field report C5: with DigestAuthenticationProvider.enabled=false no digest is proven or accepted in an ACL', () => {
  const off = { 'DigestAuthenticationProvider.enabled': 'false' };
  const superDigest = { 'DigestAuthenticationProvider.superDigest': digestId('super:x') };
  const { err, ensemble } = proven({ ...off, ...superDigest }, 'super:x');
  assert.is(err, ErrorCode.AUTHFAILED);
  const client = MemoryClient.open(ensemble);
  const created = client.ask(OpCode.create, body.create('/a', '', 0, digestAcl(digestId('user:pass'))));
  assert.is(created.err, ErrorCode.INVALIDACL);
  assert.is(client.create('/b').err, ErrorCode.OK);
});

test('a scheme of several steps sends challenges in sasl replies; the proven identity opens ACLs', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, authProviders: [new Backwards('sasl')] }).start();
  for (const sid of ensemble.sids) {
    const client = MemoryClient.open(ensemble, sid);
    const say = (token: string) => client.ask(OpCode.sasl, w => w.writeBuffer(Buffer.from(token)));
    const own = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
    assert.is(client.ask(OpCode.create, body.create(`/${sid}`, '', 0, own)).err, ErrorCode.INVALIDACL);
    const challenge = say('abc');
    assert.is(challenge.err, ErrorCode.OK);
    assert.is(challenge.body.toString('utf8', 4), 'abc backwards?');
    assert.is(client.ask(OpCode.create, body.create(`/${sid}`, '', 0, own)).err, ErrorCode.INVALIDACL);
    assert.equal(
      [say('cba').err, client.ask(OpCode.create, body.create(`/${sid}`, 'x', 0, own)).err],
      [0, 0],
    );
    assert.is(client.get(`/${sid}`), 'x');
    assert.is(MemoryClient.open(ensemble, sid).get(`/${sid}`), ErrorCode.NOAUTH);
  }
});

test('a wrong answer to a challenge gets AUTHFAILED, and the connection closes', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, authProviders: [new Backwards('sasl')] }).start();
  const client = MemoryClient.open(ensemble);
  for (const token of ['abc', 'abc']) client.send(OpCode.sasl, w => w.writeBuffer(Buffer.from(token)));
  client.raw.untilClosed();
  assert.equal(
    client.replies.map(({ err }) => err),
    [ErrorCode.OK, ErrorCode.AUTHFAILED],
  );
});

test('an answer counts for one challenge only: the next token begins a new exchange', () => {
  const ids = identities('127.0.0.1', new Backwards('sasl'), new Backwards('other'));
  const say = (scheme: string, token: string) => ids.step(scheme, Buffer.from(token)).kind;
  assert.equal(
    [say('sasl', 'abc'), say('other', 'cba'), say('sasl', 'cba')],
    ['challenge', 'challenge', 'proven'],
  );
  assert.equal(
    [say('sasl', 'cba'), say('sasl', 'x'), say('sasl', 'x')],
    ['challenge', 'failed', 'challenge'],
  );
  assert.equal(
    ids.all.map(({ scheme }) => scheme),
    ['ip', 'sasl'],
  );
});

test('a scheme that needs a challenge fails in an auth packet, which has no room for one', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, authProviders: [new Backwards('riddle')] }).start();
  const client = MemoryClient.open(ensemble);
  const request = { type: 0, scheme: 'riddle', auth: Buffer.from('abc') };
  client.raw.write(requestFrame(Xid.auth, OpCode.auth, w => writeAuthRequest(w, request)));
  client.raw.untilClosed();
  assert.is(client.replies.at(-1)!.err, ErrorCode.AUTHFAILED);
});

test('a client that a provider refuses at connect is closed before any of its requests is read', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, authProviders: [new NotFrom('visitor1')] }).start();
  const refused = new MemoryClient(ensemble, 1);
  refused.raw.untilClosed();
  assert.is(refused.response, null);
  assert.is(MemoryClient.open(ensemble).create('/a').err, ErrorCode.OK);
  assert.is(ensemble.server(1).view.port!.connectionCount, 1);
});

/** Knows a client by the subject of its certificate, and takes nobody without one. */
class BySubject extends AuthenticationProvider {
  readonly scheme = 'x509';
  override readonly atConnect = true;
  override readonly isAuthenticated = true;

  override step(_token: Buffer | null, { certificate }: AuthClient): AuthStep {
    return certificate === null ? FAILED : provenAs({ scheme: this.scheme, id: certificate.subject });
  }
}

test('a provider at connect may know a client by its certificate', () => {
  const certificate = new X509Certificate(new TestAuthority('ours').issue('alice').certificate);
  const providers = testProviders({}, [new BySubject()]);
  const ids = new ClientIdentities({ host: '127.0.0.1', certificate }, providers);
  assert.is(ids.connected(), true);
  assert.equal(ids.all, [
    { scheme: 'ip', id: '127.0.0.1' },
    { scheme: 'x509', id: 'CN=alice' },
  ]);
  assert.is(new ClientIdentities({ host: '127.0.0.1', certificate: null }, providers).connected(), false);
});
