/** Local sessions (ZOOKEEPER-1147) in whole ensembles: on leaders, followers, and observers behind either. */
import { assert, suite } from '#test';
import { body, MemoryClient, requestFrame } from '../memory-client.test-kit.ts';
import { MemoryEnsemble, OBSERVER_MASTER_PORT } from '../memory-ensemble.test-kit.ts';
import { sessionPassword } from '../sessions/session-id.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader, type JuteWriter } from '../wire/jute.ts';
import { readMultiHeader, writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writeCreateRequest } from '../wire/requests.ts';
import { readStat } from '../wire/stat.ts';

const test = suite('quorum: local sessions');

const EPHEMERAL = 1;
const TIMEOUT_MS = 4000;
const MASTERS = [0, OBSERVER_MASTER_PORT];

function ensembleWith(settings: Readonly<Record<string, string | number>> = {}): MemoryEnsemble {
  return new MemoryEnsemble({
    voters: 3,
    observers: 1,
    settings: { localSessionsEnabled: 'true', localSessionsUpgradingEnabled: 'true', ...settings },
  }).start();
}

function settle(ensemble: MemoryEnsemble): void {
  ensemble.time.advance(500);
}

/** What every member reports about itself, in the order of sids. */
function zxids(ensemble: MemoryEnsemble): number[] {
  return ensemble.sids.map(sid => ensemble.server(sid).database.lastLoggedZxid);
}

const gauge = (ensemble: MemoryEnsemble, sid: number, name: string): number =>
  Number(ensemble.server(sid).metrics.gauges.get(name)!());

/** Resumes a session, or tries to. */
const again = (ensemble: MemoryEnsemble, sid: number, { response }: MemoryClient): MemoryClient =>
  MemoryClient.open(ensemble, sid, {
    sessionId: response!.sessionId,
    password: response!.password,
    timeoutMs: TIMEOUT_MS,
  });

const isRefused = ({ response }: MemoryClient): boolean => response?.timeoutMs === 0;

function multi(...parts: readonly (readonly [op: number, path: string, flags: number])[]) {
  return (w: JuteWriter): void => {
    for (const [type, path, flags] of parts) {
      writeMultiHeader(w, type, false, -1);
      writeCreateRequest(w, { path, data: null, acl: OPEN_ACL_UNSAFE, flags });
    }
    writeMultiEnd(w);
  };
}

for (const observerMasterPort of MASTERS) {
  test(`a local session begins, reads, comes back and ends without a transaction (masters at ${observerMasterPort})`, () => {
    const ensemble = ensembleWith({ observerMasterPort });
    const before = zxids(ensemble);
    for (const sid of ensemble.sids) {
      const client = MemoryClient.open(ensemble, sid);
      const { sessionId, password } = client.response!;
      assert.is(
        BigInt.asUintN(64, sessionId) >> 56n,
        BigInt(sid),
        'the id names the member, so none comes twice',
      );
      assert.equal(password, sessionPassword(sessionId));
      assert.is(client.get('/none'), ErrorCode.NONODE);
      assert.is(gauge(ensemble, sid, 'local_sessions'), 1);
      const back = again(ensemble, sid, client);
      assert.is(back.response!.sessionId, sessionId);
      ensemble.wait(() => client.raw.closed !== null, 'the older connection to be closed');
      assert.is(back.ask(OpCode.closeSession).err, ErrorCode.OK);
      assert.is(gauge(ensemble, sid, 'local_sessions'), 0);
      assert.ok(isRefused(again(ensemble, sid, client)), 'a closed session is forgotten');
    }
    assert.equal(zxids(ensemble), before);
    for (const sid of ensemble.sids) assert.is(gauge(ensemble, sid, 'global_sessions'), 0);
  });

  test(`a local session writes, and its first ephemeral makes it global (masters at ${observerMasterPort})`, () => {
    const ensemble = ensembleWith({ observerMasterPort });
    for (const sid of ensemble.sids) {
      const client = MemoryClient.open(ensemble, sid);
      const { sessionId } = client.response!;
      assert.is(client.create(`/plain-${sid}`).err, ErrorCode.OK);
      assert.is(gauge(ensemble, ensemble.leader, 'global_sessions'), 0);
      // Both requests are on their way before the session is global.
      const first = client.send(OpCode.create, body.create(`/mine-${sid}`, '', EPHEMERAL));
      const second = client.send(OpCode.create2, body.create(`/too-${sid}`, '', EPHEMERAL));
      assert.is(client.reply(first).err, ErrorCode.OK);
      assert.is(client.reply(second).err, ErrorCode.OK);
      assert.is(gauge(ensemble, sid, 'local_sessions'), 0);
      assert.is(gauge(ensemble, ensemble.leader, 'global_sessions'), 1);
      const elsewhere = ensemble.sids.find(other => other !== sid)!;
      const moved = again(ensemble, elsewhere, client);
      assert.is(moved.response!.sessionId, sessionId, 'a global session moves');
      const stat = readStat(new JuteReader(moved.ask(OpCode.exists, body.read(`/mine-${sid}`)).body));
      assert.is(stat.ephemeralOwner, sessionId);
      assert.is(moved.ask(OpCode.closeSession).err, ErrorCode.OK);
      settle(ensemble);
      for (const other of ensemble.sids) {
        const reader = MemoryClient.open(ensemble, other);
        assert.is(reader.get(`/mine-${sid}`), ErrorCode.NONODE);
        assert.is(reader.ask(OpCode.closeSession).err, ErrorCode.OK);
      }
    }
  });
}

test('a multi with an ephemeral in it makes its session global, one without does not', () => {
  const ensemble = ensembleWith();
  for (const sid of ensemble.sids) {
    const client = MemoryClient.open(ensemble, sid);
    const plain = multi([OpCode.create, `/a${sid}`, 0], [OpCode.create2, `/b${sid}`, 2]);
    assert.is(client.ask(OpCode.multi, plain).err, ErrorCode.OK);
    assert.is(gauge(ensemble, sid, 'local_sessions'), 1);
    const mixed = multi([OpCode.create, `/c${sid}`, 0], [OpCode.create2, `/d${sid}`, 3]);
    assert.is(client.ask(OpCode.multi, mixed).err, ErrorCode.OK);
    assert.is(client.ask(OpCode.exists, body.read(`/c${sid}`)).err, ErrorCode.OK);
    assert.is(gauge(ensemble, sid, 'local_sessions'), 0);
  }
});

test('requests that a client sent before its session became global are carried out, even if its leader prepares them later', () => {
  const ensemble = ensembleWith();
  for (const sid of ensemble.sids) {
    const client = MemoryClient.open(ensemble, sid);
    const parts = Array.from({ length: 2000 }, (_, i) => [OpCode.create, `/long-${sid}-${i}`, 0] as const);
    const asked = [
      requestFrame(1, OpCode.multi, multi(...parts)),
      requestFrame(2, OpCode.create, body.create(`/plain-${sid}`)),
      requestFrame(3, OpCode.create, body.create(`/mine-${sid}`, '', EPHEMERAL)),
    ];
    client.raw.write(Buffer.concat(asked));
    for (const xid of [1, 2, 3])
      assert.is(client.reply(xid).err, ErrorCode.OK, `member ${sid}, request ${xid}`);
    assert.is(gauge(ensemble, sid, 'local_sessions'), 0);
  }
});

test('EPHEMERALONLOCALSESSION: without upgrading, an ephemeral is refused and no transaction is spent on it', () => {
  const ensemble = ensembleWith({ localSessionsUpgradingEnabled: 'false' });
  const before = zxids(ensemble);
  for (const sid of ensemble.sids) {
    const client = MemoryClient.open(ensemble, sid);
    assert.is(client.create('/mine', '', EPHEMERAL).err, ErrorCode.EPHEMERALONLOCALSESSION);
    const parts = [OpCode.create, OpCode.create2, OpCode.create].map(
      (op, i) => [op, `/${i}`, i === 1 ? EPHEMERAL : 0] as [number, string, number],
    );
    const reply = client.ask(OpCode.multi, multi(...parts));
    assert.is(reply.err, ErrorCode.OK, 'a failed multi has its codes in its parts');
    const reader = new JuteReader(reply.body);
    const codes = parts.map(() => {
      readMultiHeader(reader);
      return reader.readInt();
    });
    assert.equal(codes, [ErrorCode.OK, ErrorCode.EPHEMERALONLOCALSESSION, ErrorCode.RUNTIMEINCONSISTENCY]);
    assert.is(gauge(ensemble, sid, 'local_sessions'), 1);
    assert.ok(readMultiHeader(reader).done);
    client.raw.destroy();
  }
  assert.equal(zxids(ensemble), before);
});

test('a local session cannot be resumed at another member: that answers that it has expired, as upstream does', () => {
  const ensemble = ensembleWith();
  for (const sid of ensemble.sids) {
    const client = MemoryClient.open(ensemble, sid);
    for (const other of ensemble.sids.filter(each => each !== sid))
      assert.ok(isRefused(again(ensemble, other, client)), `${sid} to ${other}`);
    assert.not.ok(isRefused(again(ensemble, sid, client)), 'and lives on where it is');
  }
});

test('the member alone expires a local session that was silent for its timeout', () => {
  const ensemble = ensembleWith();
  const before = zxids(ensemble);
  for (const sid of ensemble.sids) {
    const silent = MemoryClient.open(ensemble, sid, { timeoutMs: TIMEOUT_MS });
    const lively = MemoryClient.open(ensemble, sid, { timeoutMs: TIMEOUT_MS });
    for (let ms = 0; ms < 2 * TIMEOUT_MS; ms += TIMEOUT_MS / 4) {
      assert.is(silent.raw.closed === null, ms <= TIMEOUT_MS, `${ms} ms`);
      lively.ping();
      ensemble.time.advance(TIMEOUT_MS / 4);
    }
    assert.is(lively.raw.closed, null);
    assert.ok(isRefused(again(ensemble, sid, silent)));
    assert.is(gauge(ensemble, sid, 'local_sessions'), 1);
    const expired = ensemble.events.get(sid)!.filter(({ kind }) => kind === 'sessionExpired');
    assert.equal(expired, [{ kind: 'sessionExpired', id: silent.response!.sessionId }]);
    lively.raw.destroy();
  }
  assert.equal(zxids(ensemble), before);
});

test('the leader expires a session that became global, and its ephemerals go with it', () => {
  const ensemble = ensembleWith();
  for (const sid of ensemble.sids) {
    const client = MemoryClient.open(ensemble, sid, { timeoutMs: TIMEOUT_MS });
    assert.is(client.create(`/mine-${sid}`, '', EPHEMERAL).err, ErrorCode.OK);
    for (let ms = 0; ms < 2 * TIMEOUT_MS; ms += TIMEOUT_MS / 4) {
      client.ping();
      ensemble.time.advance(TIMEOUT_MS / 4);
    }
    assert.is(client.get(`/mine-${sid}`), '', 'its pings reach the leader');
    ensemble.wait(() => client.raw.closed !== null, 'the silent session to expire', 3 * TIMEOUT_MS);
    assert.is(MemoryClient.open(ensemble, sid).get(`/mine-${sid}`), ErrorCode.NONODE);
  }
});

test('the end of a local session keeps its place: earlier requests are answered, later ones are not', () => {
  const ensemble = ensembleWith();
  for (const sid of ensemble.sids) {
    const client = MemoryClient.open(ensemble, sid);
    const xids = [
      client.send(OpCode.create, body.create(`/last-${sid}`, 'x')),
      client.send(OpCode.getData, body.read(`/last-${sid}`)),
      client.send(OpCode.closeSession),
    ];
    client.raw.untilClosed();
    assert.equal(
      client.replies.map(({ xid, err }) => [xid, err]),
      xids.map(xid => [xid, ErrorCode.OK]),
    );
  }
});

test('requests behind the end of a local session are not carried out, and do not make it global', () => {
  const ensemble = ensembleWith();
  MemoryClient.open(ensemble, 1).create('/a');
  settle(ensemble);
  for (const sid of ensemble.sids) {
    const client = MemoryClient.open(ensemble, sid);
    const asked = [
      requestFrame(1, OpCode.setData, body.setData('/a', `${sid}`)),
      requestFrame(2, OpCode.closeSession),
      requestFrame(3, OpCode.create, body.create(`/mine-${sid}`, '', EPHEMERAL)),
      requestFrame(4, OpCode.setData, body.setData('/a', 'late')),
      requestFrame(5, OpCode.sync, body.path('/')),
    ];
    client.raw.write(Buffer.concat(asked));
    client.raw.untilClosed();
    assert.equal(
      client.replies.slice(0, 2).map(({ xid, err }) => [xid, err]),
      [
        [1, ErrorCode.OK],
        [2, ErrorCode.OK],
      ],
    );
    settle(ensemble);
    const seen = MemoryClient.open(ensemble, sid);
    assert.is(seen.get('/a'), `${sid}`);
    assert.is(seen.get(`/mine-${sid}`), ErrorCode.NONODE);
    assert.is(ensemble.server(ensemble.leader).database.sessionTimeouts.size, 0);
  }
});

test('a local session that comes back while a write is under way gets the answer to its own request', () => {
  const ensemble = ensembleWith();
  for (const sid of ensemble.sids) ensemble.machine(sid).disk.syncDelayMs = 300;
  for (const sid of ensemble.sids) {
    const client = MemoryClient.open(ensemble, sid);
    const written = client.send(OpCode.create, body.create(`/under-way-${sid}`));
    ensemble.time.advance(20);
    assert.equal(client.replies, [], 'it is under way');
    const back = again(ensemble, sid, client);
    const xid = back.send(OpCode.setData, body.setData('/never-there', 'x'));
    assert.is(xid, written, 'as kazoo does');
    assert.is(back.reply(xid).err, ErrorCode.NONODE);
  }
});

test('a session whose upgrade is under way when its leader dies is global, or gone: never both', () => {
  for (let afterMs = 0; afterMs <= 60; afterMs += 10) {
    const ensemble = ensembleWith();
    const { leader } = ensemble;
    for (const sid of ensemble.sids) ensemble.machine(sid).disk.syncDelayMs = 15;
    const client = MemoryClient.open(ensemble, 4);
    client.send(OpCode.create, body.create('/mine', '', EPHEMERAL));
    ensemble.time.advance(afterMs);
    ensemble.kill(leader);
    ensemble.wait(
      () => ensemble.leader > 0 && ensemble.leader !== leader && ensemble.server(4).view.serving !== null,
      'the next leader',
    );
    settle(ensemble);
    const isGlobal = ensemble.server(4).database.sessionTimeouts.has(client.response!.sessionId);
    assert.is(isRefused(again(ensemble, 4, client)), !isGlobal, `${afterMs} ms`);
    assert.is(gauge(ensemble, 4, 'local_sessions'), 0);
  }
});

test('a local session outlives a change of leader at its member, where its client comes back', () => {
  const ensemble = ensembleWith();
  const client = MemoryClient.open(ensemble, 4);
  ensemble.kill(ensemble.leader);
  client.raw.untilClosed();
  ensemble.wait(() => ensemble.server(4).view.serving !== null, 'the observer to serve');
  const back = again(ensemble, 4, client);
  assert.is(back.response!.sessionId, client.response!.sessionId);
  assert.is(back.create('/after').err, ErrorCode.OK);
});

test('with localSessionsEnabled off, as by default, every session is global', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 }).start();
  for (const sid of ensemble.sids) MemoryClient.open(ensemble, sid);
  assert.is(gauge(ensemble, ensemble.leader, 'global_sessions'), 4);
});

test('a standalone server has no local sessions, whatever the setting says', () => {
  const ensemble = new MemoryEnsemble({ voters: 0, settings: { localSessionsEnabled: 'true' } }).start();
  const client = MemoryClient.open(ensemble);
  assert.is(ensemble.server(1).database.lastProcessedZxid, 1);
  assert.is(client.create('/mine', '', EPHEMERAL).err, ErrorCode.OK);
});
