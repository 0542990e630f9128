import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { assert, suite } from '#test';
import { packetOf } from '../storage/storage.test-kit.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnBody } from '../wire/txn.ts';
import { txnOf } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';
import { gapMessage, txnMessage, zxidOfMessage } from './stream-message.ts';

const test = suite('stream: messages');

const SCHEMA = join(import.meta.dirname, '..', '..', '..', 'server', 'docs', 'commit-stream.schema.json');
const schema = z.fromJSONSchema(JSON.parse(readFileSync(SCHEMA, 'utf8')));
const ZXID = makeZxid(3, 17);
const SESSION = 0xff00_0000_0000_0001n;
const data = Buffer.from('\x00é');
const acl = OPEN_ACL_UNSAFE;

const bodies: readonly TxnBody[] = [
  { type: OpCode.create, path: '/a', data, acl, ephemeral: true, parentCVersion: 4 },
  { type: OpCode.create2, path: '/a', data: null, acl, ephemeral: false, parentCVersion: 4 },
  { type: OpCode.createContainer, path: '/a', data, acl, parentCVersion: 4 },
  { type: OpCode.createTTL, path: '/a', data, acl, parentCVersion: 4, ttlMs: 60_000 },
  { type: OpCode.delete, path: '/a' },
  { type: OpCode.deleteContainer, path: '/a' },
  { type: OpCode.setData, path: '/a', data, version: 9 },
  { type: OpCode.reconfig, path: '/zookeeper/config', data, version: -1 },
  { type: OpCode.setACL, path: '/a', acl, version: 2 },
  { type: OpCode.createSession, timeoutMs: 30_000 },
  { type: OpCode.closeSession, paths: ['/a', '/b'] },
  { type: OpCode.closeSession, paths: null, withoutBody: true },
  { type: OpCode.error, err: -101 },
  {
    type: OpCode.multi,
    txns: [
      { type: OpCode.check, path: '/a', version: 1 },
      { type: OpCode.delete, path: '/a' },
      { type: OpCode.error, err: -2 },
    ],
  },
];

function messageOf(body: TxnBody): Record<string, unknown> {
  return JSON.parse(txnMessage({ zxid: ZXID, txn: txnOf(packetOf(ZXID, body, SESSION)) }).text);
}

test('a transaction of every type is a message of the schema, with its zxid, session, time and body', () => {
  for (const body of bodies) {
    const message = messageOf(body);
    const checked = schema.safeParse(message);
    assert.ok(checked.success, `${JSON.stringify(message)}: ${checked.error?.message}`);
    assert.is(message.zxid, '0x300000011');
    assert.is(message.session, '0xff00000000000001');
    assert.type(message.timeMs, 'number');
  }
  assert.equal(messageOf(bodies[0]!).body, {
    path: '/a',
    data: data.toString('base64'),
    acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
    ephemeral: true,
    parentCVersion: 4,
  });
  const { operations } = messageOf(bodies.at(-1)!).body as { operations: { type: string }[] };
  assert.equal(operations[1], { type: 'delete', body: { path: '/a' } });
});

test('the schema refuses what a consumer could not rely on', () => {
  const good = messageOf(bodies[0]!);
  for (const change of [
    { format: 2 },
    { zxid: 7 },
    { kind: 'else' },
    { type: 'getData' },
    { body: { pat: '/' } },
  ])
    assert.not.ok(schema.safeParse({ ...good, ...change }).success, JSON.stringify(change));
});

test('a gap names both zxids, and the position is the second', () => {
  const message = gapMessage({ after: makeZxid(1, 5), through: ZXID, reason: 'lost' });
  assert.equal(JSON.parse(message.text), {
    format: 1,
    kind: 'gap',
    zxid: '0x300000011',
    after: '0x100000005',
    reason: 'lost',
  });
  assert.ok(schema.safeParse(JSON.parse(message.text)).success);
  assert.is(zxidOfMessage(message.text), ZXID);
});

test('text that others have written is no message', () => {
  for (const text of ['', '{', 'null', '7', '{}', '{"format":2,"zxid":"0x1"}', '{"format":1,"zxid":"17"}'])
    assert.is(zxidOfMessage(text), undefined, text);
  assert.is(zxidOfMessage('{"format":1,"zxid":"0xffffffffffffff"}'), undefined);
});
