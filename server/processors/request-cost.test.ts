/** Tests that the cost of a request is bounded by its own bytes. They count steps, not time. */
import { assert, suite } from '#test';
import { CountingAcl } from '../auth/counting-acl.test-kit.ts';
import { digestId } from '../auth/digest-id.ts';
import { testProviders } from '../auth/providers.test-kit.ts';
import { watchLimits } from '../tree/watch-memory.ts';
import { type Id, Perms } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { JuteReader, JuteWriter } from '../wire/jute.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import { writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writePathWatchRequest } from '../wire/requests.ts';
import { FinalRequestProcessor } from './final-request-processor.ts';
import {
  bodyOf,
  check,
  closeSession,
  codeOf,
  create,
  multi,
  type Op,
  PrepRig,
  remove,
  SESSION,
  setData,
} from './prep.test-kit.ts';
import { ReplyBody } from './reply-writer.ts';
import { validateWrite } from './validate-request.ts';

const test = suite('processors: what a request costs');

const ENTRIES = 2000;
const PARTS = 200;
const USER: Id = { scheme: 'digest', id: digestId('user:pass') };
const IDS: readonly Id[] = [{ scheme: 'ip', id: '127.0.0.1' }, USER];

/** /a, whose long list lets USER do everything by its last entry. */
function longAcl(): { rig: PrepRig; counting: CountingAcl } {
  const rig = new PrepRig();
  rig.run(create('/a'));
  const counting = new CountingAcl(ENTRIES, { perms: Perms.ALL, id: USER });
  rig.tree.getNode('/a')!.acl = counting.acl;
  return { rig, counting };
}

const parts = (make: (i: number) => Op): Op => multi(Array.from({ length: PARTS }, (_, i) => make(i)));

test('field report B2: a multi reads an ACL of many entries once, whatever and however many its parts are', () => {
  const { rig, counting } = longAcl();
  for (const op of [
    parts(() => check('/a')),
    parts(() => setData('/a', 'x')),
    parts(i => create(`/a/${i}`)),
    parts(i => remove(`/a/${i}`)),
  ]) {
    const body = rig.run(op, SESSION, IDS);
    assert.ok(
      (codeOf(body) as number[]).every(code => code === 1),
      'granted',
    );
  }
  const stranger = rig.run(
    parts(() => check('/a')),
    SESSION,
    [],
  );
  assert.is((codeOf(stranger) as number[])[0], ErrorCode.NOAUTH);
  assert.is(counting.reads, ENTRIES);
});

test('field report B2: a multiRead reads an ACL of many entries once', () => {
  const { rig, counting } = longAcl();
  const final = new FinalRequestProcessor(
    () => rig.tree,
    rig.access,
    { skipAcl: false, jute: juteLimits() },
    watchLimits(2 ** 30),
  );
  const request = new JuteWriter();
  for (let i = 0; i < PARTS; i++) {
    writeMultiHeader(request, OpCode.getData, false, -1);
    writePathWatchRequest(request, { path: '/a', watch: false });
  }
  writeMultiEnd(request);
  const session = { sessionId: SESSION, identities: () => IDS, watchBytes: 0, process() {} };
  const body = new ReplyBody();
  assert.is(final.read(OpCode.multiRead, new JuteReader(request.bytes), session, body), ErrorCode.OK);
  assert.is(counting.reads, ENTRIES);
});

test('pending ephemerals are known by their owner, and forgotten once they are applied, deleted or undone', () => {
  const rig = new PrepRig();
  const changes = rig.prep.changes;
  const other = SESSION + 1n;
  rig.prepare(create('/mine', { flags: 1 }));
  rig.prepare(multi([create('/undone', { flags: 1 }), remove('/mine'), check('/none')]), other);
  rig.prepare(create('/gone', { flags: 1 }), other);
  assert.is(changes.ownerCount, 2);
  rig.prepare(remove('/gone'));
  assert.is(changes.ownerCount, 1);
  rig.prepare(remove('/mine'));
  rig.prepare(create('/mine', { flags: 1 }), other);
  assert.equal(rig.prepare(closeSession), { type: OpCode.closeSession, paths: [] });
  rig.applyAll();
  assert.equal(rig.prepare(closeSession, other), { type: OpCode.closeSession, paths: ['/mine'] });
  rig.applyAll();
  assert.equal([changes.size, changes.ownerCount], [0, 0]);
});

test('field report B1: the end of a session with many ephemerals makes a record for each parent, not for each node', () => {
  const rig = new PrepRig();
  const other = SESSION + 1n;
  for (const path of ['/a', '/b', '/b/c']) rig.run(create(path));
  const mine = Array.from({ length: 300 }, (_, i) => `${['', '/a', '/b/c'][i % 3]}/n${i}`);
  for (const path of mine) rig.run(create(path, { flags: 1, data: path }));
  rig.run(create('/a/other', { flags: 1 }), other);
  const body = rig.prepare(closeSession);
  assert.is(rig.prep.changes.size, 3);
  assert.equal(new Set(body.type === OpCode.closeSession ? body.paths : []), new Set(mine));
  assert.is(rig.apply()!.predicted, rig.tree.digest.toBigInt());
  assert.is(rig.tree.ephemeralsOf(SESSION), undefined);
  assert.is(rig.tree.ephemeralsCount, 1);
  assert.is(rig.prep.changes.size, 0);
});

test('requests behind the end of a session find its ephemerals gone, pending or not', () => {
  const rig = new PrepRig();
  const other = SESSION + 1n;
  rig.run(create('/dir'));
  for (const name of ['plain', 'set', 'removed', 'made-again', 'taken'])
    rig.run(create(`/dir/${name}`, { flags: 1 }));
  rig.prepare(setData('/dir/set', 'x'));
  rig.prepare(remove('/dir/removed'));
  rig.prepare(remove('/dir/made-again'));
  rig.prepare(create('/dir/made-again', { flags: 1 }));
  rig.prepare(remove('/dir/taken'));
  rig.prepare(create('/dir/taken', { flags: 1 }), other);
  rig.prepare(create('/dir/new', { flags: 1 }));
  const body = rig.prepare(closeSession);
  assert.equal((body.type === OpCode.closeSession ? (body.paths ?? []) : []).toSorted(), [
    '/dir/made-again',
    '/dir/new',
    '/dir/plain',
    '/dir/set',
  ]);
  assert.equal(rig.prepare(closeSession), { type: OpCode.closeSession, paths: [] }, 'once more');
  assert.is(codeOf(rig.prepare(setData('/dir/plain', 'x'), other)), ErrorCode.NONODE);
  assert.is(codeOf(rig.prepare(remove('/dir/set'), other)), ErrorCode.NONODE);
  assert.is(codeOf(rig.prepare(remove('/dir'), other)), ErrorCode.NOTEMPTY);
  assert.equal(codeOf(rig.prepare(multi([create('/dir/plain'), remove('/none')]), other)), [
    ErrorCode.OK,
    ErrorCode.NONODE,
  ]);
  assert.is(codeOf(rig.prepare(create('/dir/plain', { flags: 1 }), other)), 0);
  assert.is(codeOf(rig.prepare(closeSession, other)), 0);
  assert.is(codeOf(rig.prepare(remove('/dir'), other)), 0);
  for (let applied = rig.apply(); applied !== undefined; applied = rig.apply())
    assert.is(applied.predicted, rig.tree.digest.toBigInt());
  assert.equal([rig.prep.changes.size, rig.tree.ephemeralsCount], [0, 0]);
  assert.is(rig.tree.getNode('/dir'), undefined);
});

test('a multi that fails in a later turn leaves nothing pending, even when earlier changes were applied meanwhile', () => {
  const rig = new PrepRig();
  rig.run(create('/there'));
  rig.prepare(create('/first'));
  rig.prepare(setData('/there', '1'));
  const parts = [setData('/there', '2'), create('/first/below'), remove('/none')];
  const preparation = rig.beginMulti(multi(parts));
  assert.is(preparation.step(2), false);
  rig.applyAll();
  assert.is(preparation.step(2), true);
  assert.equal(codeOf(preparation.body), [ErrorCode.OK, ErrorCode.OK, ErrorCode.NONODE]);
  assert.is(rig.prep.changes.size, 0);
  assert.is(rig.prep.changes.digest.toBigInt(), rig.tree.digest.toBigInt());
});

test('field report B1: a multi is scanned without making a string, and the open ACL is never read entry by entry', () => {
  const bytes = bodyOf(parts(i => create(`/${i}`)));
  let strings = 0;
  const decode = bytes.toString;
  bytes.toString = function (...args: Parameters<Buffer['toString']>) {
    strings++;
    return decode.apply(this, args);
  };
  const requester = {
    identities: () => [],
    providers: testProviders(),
    reconfigEnabled: false,
    ownerLayout: 'plain' as const,
  };
  assert.is(validateWrite(OpCode.multi, bytes, 0, bytes.length, requester), ErrorCode.OK);
  assert.is(strings, 0);
  const rig = new PrepRig();
  rig.prepareBytes(OpCode.multi, bytes);
  assert.is(strings, PARTS, 'a path for each part');
});
