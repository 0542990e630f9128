/**
 * Requests that are well formed and malicious: one client must not end a connection between members, or a
 * member.
 */
import { assert, suite } from '#test';
import { body, MemoryClient, requestFrame } from './memory-client.test-kit.ts';
import { MemoryEnsemble } from './memory-ensemble.test-kit.ts';
import { type Acl, OPEN_ACL_UNSAFE } from './wire/acl.ts';
import { ErrorCode } from './wire/error-codes.ts';
import type { JuteWriter } from './wire/jute.ts';
import { juteLimits } from './wire/jute-limits.ts';
import { OpCode, Xid } from './wire/opcodes.ts';
import { writeAuthRequest } from './wire/requests.ts';

const test = suite('server: poison requests');
const DEADLINE = { deadlineMs: 240_000 };

/** Checks that all members serve in the roles that they had, agree, and come back from their files. */
function assertUnharmed(ensemble: MemoryEnsemble): void {
  const { leader } = ensemble;
  const client = MemoryClient.open(ensemble, leader);
  assert.is(client.create('/after').err, ErrorCode.OK);
  const { max } = ensemble.server(leader).view.leaderServer!.proposalSizes;
  assert.ok(
    max <= juteLimits().txnBytesMax,
    `a transaction of ${max} bytes, which no server of Apache's reads`,
  );
  const { lastProcessedZxid } = ensemble.server(leader).database;
  const agree = () =>
    ensemble.sids.every(sid => ensemble.server(sid).database.lastProcessedZxid === lastProcessedZxid);
  ensemble.wait(agree, 'all members to apply it');
  for (const sid of ensemble.sids) {
    assert.equal(
      ensemble.events.get(sid)!.filter(({ kind }) => kind === 'leadingEnds' || kind === 'learningEnds'),
      [],
      `member ${sid}`,
    );
    const { database, metrics } = ensemble.server(sid);
    assert.is(database.tree.digest.toBigInt(), ensemble.server(leader).database.tree.digest.toBigInt());
    assert.is(metrics.counter('digest_mismatches_count').value, 0);
  }
  for (const sid of ensemble.sids) ensemble.kill(sid, 'power');
  ensemble.start();
  assert.is(MemoryClient.open(ensemble).get('/after'), '');
}

/** Runs `poison` on the leader, on a follower, and on an observer behind that follower. */
function onEveryMember(poison: (ensemble: MemoryEnsemble, sid: number) => void): void {
  for (const role of ['leader', 'follower', 'observer'] as const) {
    const settings = { observerMasterPort: 2191, preAllocSize: 64, snapCount: 1_000_000 };
    const ensemble = new MemoryEnsemble({ voters: 3, observers: 1, settings }).start();
    const { leader } = ensemble;
    const sid =
      role === 'leader' ? leader : role === 'observer' ? 4 : ensemble.sids.find(each => each !== leader)!;
    poison(ensemble, sid);
    assertUnharmed(ensemble);
  }
}

function sendAuth(client: MemoryClient, userAndPassword: string): void {
  const write = (w: JuteWriter) =>
    writeAuthRequest(w, { type: 0, scheme: 'digest', auth: Buffer.from(userAndPassword) });
  client.raw.write(requestFrame(Xid.auth, OpCode.auth, write));
}

test(
  'ZOOKEEPER-4306: the end of a session with ephemerals whose paths are 4 MB together, twice what a transaction may be',
  () => {
    onEveryMember((ensemble, sid) => {
      const client = MemoryClient.open(ensemble, sid);
      for (let i = 0; i < 8; i++)
        assert.is(client.create(`/${'x'.repeat(500_000)}${i}`, '', 1).err, ErrorCode.OK);
      client.ask(OpCode.closeSession);
      assert.is(ensemble.server(sid).database.tree.nodeCount, 5);
    });
  },
  DEADLINE,
);

test(
  'an identity of 100 KB, and a thousand identities, in front of a write',
  () => {
    onEveryMember((ensemble, sid) => {
      const long = MemoryClient.open(ensemble, sid);
      sendAuth(long, `${'u'.repeat(100_000)}:p`);
      long.send(OpCode.create, body.create('/a'));
      ensemble.time.advance(100);
      const many = MemoryClient.open(ensemble, sid);
      for (let i = 0; i < 1_500; i++) sendAuth(many, `user${i}:p`);
      many.send(OpCode.create, body.create('/b'));
      ensemble.time.advance(100);
    });
  },
  DEADLINE,
);

test(
  'ACLs of 40,000 entries that all differ, and of entries that each stand for all identities',
  () => {
    onEveryMember((ensemble, sid) => {
      const client = MemoryClient.open(ensemble, sid);
      for (let i = 0; i < 20; i++) sendAuth(client, `user${i}:p`);
      const startMs = performance.now();
      const worlds: Acl[] = Array.from({ length: 40_000 }, (_, at) => ({
        perms: at * 32 + 31,
        id: OPEN_ACL_UNSAFE[0]!.id,
      }));
      client.ask(OpCode.create, body.create('/worlds', '', 0, worlds));
      const auths: Acl[] = Array.from({ length: 40_000 }, (_, at) => ({
        perms: at * 32 + 31,
        id: { scheme: 'auth', id: '' },
      }));
      client.ask(OpCode.create, body.create('/auths', '', 0, auths));
      assert.ok(performance.now() - startMs < 10_000, `${performance.now() - startMs} ms`);
    });
  },
  DEADLINE,
);
