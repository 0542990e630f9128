/** One list says which operations are writes, and every place that asks follows it. */
import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble, nameOf } from '../memory-ensemble.test-kit.ts';
import { isWrite } from '../processors/request.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import type { JuteWriter } from '../wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode, opName } from '../wire/opcodes.ts';
import { writeReconfigRequest, writeSetAclRequest } from '../wire/requests.ts';
import { modeOf, READ_ONLY } from './read-only-observer.test-kit.ts';

const test = suite('quorum: what counts as a write');

type Writer = (writer: JuteWriter) => void;

function part(op: number, write: Writer): Writer {
  return writer => {
    writeMultiHeader(writer, op, false, -1);
    write(writer);
    writeMultiEnd(writer);
  };
}

const reconfig = { joining: null, leaving: '3', newMembers: null, curConfigId: -1 };
const path = body.path('/a');

/** Every operation that a client asks for on a path. */
const requests: readonly (readonly [op: number, write: Writer])[] = [
  [OpCode.create, body.create('/n')],
  [OpCode.create2, body.create('/n')],
  [OpCode.createContainer, body.create('/n', '', 4)],
  [OpCode.delete, body.delete('/a')],
  [OpCode.setData, body.setData('/a', 'x')],
  [OpCode.setACL, w => writeSetAclRequest(w, { path: '/a', acl: OPEN_ACL_UNSAFE, version: -1 })],
  [OpCode.multi, part(OpCode.delete, body.delete('/a'))],
  [OpCode.reconfig, w => writeReconfigRequest(w, reconfig)],
  [OpCode.sync, path],
  [OpCode.exists, body.read('/a')],
  [OpCode.getData, body.read('/a')],
  [OpCode.getACL, path],
  [OpCode.getChildren, body.read('/a')],
  [OpCode.getChildren2, body.read('/a')],
  [OpCode.getEphemerals, path],
  [OpCode.getAllChildrenNumber, path],
  [OpCode.multiRead, part(OpCode.getData, body.read('/a'))],
  [OpCode.addWatch, w => w.writeString('/a').writeInt(0)],
  [OpCode.whoAmI, () => {}],
];

const mustPassTheLeader = (op: number): boolean => isWrite(op) || op === OpCode.sync;

test('ZOOKEEPER-1851: a follower sends to its leader what counts as a write, and answers the rest itself', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, settings: { reconfigEnabled: 'true', skipACL: 'yes' } });
  ensemble.start();
  const { leader } = ensemble;
  const follower = ensemble.sids.find(sid => sid !== leader)!;
  MemoryClient.open(ensemble, follower).create('/a');
  const client = MemoryClient.open(ensemble, follower, { timeoutMs: 40_000 });
  const writers = requests.filter(([op]) => mustPassTheLeader(op));
  const readers = requests.filter(([op]) => !mustPassTheLeader(op));
  const others = writers.map(() => MemoryClient.open(ensemble, follower, { timeoutMs: 40_000 }));
  ensemble.network.cut(nameOf(follower), nameOf(leader), 'blackhole');
  for (const [op, write] of readers) assert.is(client.ask(op, write).err, ErrorCode.OK, opName(op));
  for (const [at, [op, write]] of writers.entries()) others[at]!.send(op, write);
  ensemble.time.advance(100);
  for (const [at, [op]] of writers.entries())
    assert.equal(others[at]!.replies, [], `${opName(op)} has no answer without the leader`);
});

test('ZOOKEEPER-1851: a read-only server refuses what counts as a write, and answers the rest', () => {
  const settings = { 'readonlymode.enabled': 'true', localSessionsEnabled: 'true', reconfigEnabled: 'true' };
  const ensemble = new MemoryEnsemble({ voters: 3, settings }).start();
  MemoryClient.open(ensemble, 1).create('/a');
  for (const sid of [2, 3]) ensemble.kill(sid);
  ensemble.wait(() => modeOf(ensemble, 1) === 'read-only', 'the read-only server');
  const client = MemoryClient.open(ensemble, 1, READ_ONLY);
  for (const [op, write] of requests) {
    const wanted = mustPassTheLeader(op) ? ErrorCode.NOTREADONLY : ErrorCode.OK;
    assert.is(client.ask(op, write).err, wanted, opName(op));
  }
});

test('ZOOKEEPER-3713: a read-only server that has just started shows what its files hold, and no empty tree', () => {
  const settings = { 'readonlymode.enabled': 'true', localSessionsEnabled: 'true' };
  const ensemble = new MemoryEnsemble({ voters: 3, settings }).start();
  MemoryClient.open(ensemble, 1).create('/a', 'x');
  for (const sid of ensemble.sids) ensemble.kill(sid);
  ensemble.boot(1);
  let client = new MemoryClient(ensemble, 1, READ_ONLY);
  ensemble.wait(() => {
    if (client.raw.closed !== null) client = new MemoryClient(ensemble, 1, READ_ONLY);
    return client.response !== null;
  }, 'the first client that it lets in');
  assert.is(client.get('/a'), 'x');
});
