import { assert, suite } from '#test';
import { body, MemoryClient, requestFrame } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { digestId } from '../tree/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode, Xid } from '../wire/opcodes.ts';
import { writeAuthRequest } from '../wire/requests.ts';
import { ClientIdentities, IDENTITY_BYTES_MAX } from './client-identities.ts';

const test = suite('clients: identities');

/** "user:" and 28 characters of hash, behind the scheme. */
const BESIDES_USER = 'digest'.length + 1 + 28;

const prove = (ids: ClientIdentities, user: string) =>
  ids.prove('digest', Buffer.from(`${user}:x`), {
    digestAuthEnabled: true,
    digestAlgorithm: 'sha1',
    superDigest: undefined,
  });

test('field report D3: the identities of a connection have room in all, not each: a long user is one', () => {
  const ids = new ClientIdentities('127.0.0.1');
  assert.is(prove(ids, 'u'.repeat(IDENTITY_BYTES_MAX - BESIDES_USER)), true);
  assert.is(prove(ids, 'u'.repeat(IDENTITY_BYTES_MAX - BESIDES_USER)), true, 'the same again');
  assert.is(prove(ids, 'v'), false);
  assert.is(ids.all.length, 2);
  assert.is(prove(new ClientIdentities('::1'), 'u'.repeat(IDENTITY_BYTES_MAX - BESIDES_USER + 1)), false);
});

test('a connection has at most a hundred identities, its address among them', () => {
  const ids = new ClientIdentities('127.0.0.1');
  for (let i = 1; i < 100; i++) assert.is(prove(ids, `${i}`), true);
  assert.is(prove(ids, '100'), false);
  assert.is(ids.all.length, 100);
});

test('field report D3: a digest user longer than 1 KB is accepted, and is itself to a leader that it is forwarded to', () => {
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

test('field report C5: digestAlg is the algorithm of every digest, that of the super user, too', () => {
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

test('field report C5: DigestAuthenticationProvider.enabled=false: no digest is proven, none stands in an ACL', () => {
  const off = { 'DigestAuthenticationProvider.enabled': 'false' };
  const superDigest = { 'DigestAuthenticationProvider.superDigest': digestId('super:x') };
  const { err, ensemble } = proven({ ...off, ...superDigest }, 'super:x');
  assert.is(err, ErrorCode.AUTHFAILED);
  const client = MemoryClient.open(ensemble);
  const created = client.ask(OpCode.create, body.create('/a', '', 0, digestAcl(digestId('user:pass'))));
  assert.is(created.err, ErrorCode.INVALIDACL);
  assert.is(client.create('/b').err, ErrorCode.OK);
});
