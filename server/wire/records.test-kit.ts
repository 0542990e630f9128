import { fc } from '#test/properties';
import type { Acl, Id } from './acl.ts';
import { type JuteReader, JuteWriter } from './jute.ts';
import { OpCode } from './opcodes.ts';
import { readPath, type SetWatchesRequest } from './requests.ts';
import type { Stat, StatPersisted } from './stat.ts';
import type { TxnBody, TxnHeader } from './txn.ts';

/** Random records, and every reader by name. */

export function written(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter();
  write(writer);
  return writer.toBuffer();
}

/** Plain objects, as readers make them: assertions compare prototypes too. */
export function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const int = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const zxid = fc.maxSafeInteger();
const timeMs = fc.maxSafeInteger();
export const bigLong = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
export const text = fc.string({ unit: 'grapheme', maxLength: 12 });
export const data = fc.option(fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes)));
export const id: fc.Arbitrary<Id> = record({ scheme: text, id: text });
export const acl: fc.Arbitrary<Acl[]> = fc.array(record({ perms: int, id }), { maxLength: 3 });

const persisted = {
  czxid: zxid,
  mzxid: zxid,
  ctime: timeMs,
  mtime: timeMs,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: fc.oneof(fc.constant(0n), bigLong),
  pzxid: zxid,
};
export const statPersisted: fc.Arbitrary<StatPersisted> = record(persisted);
export const stat: fc.Arbitrary<Stat> = record({ ...persisted, dataLength: int, numChildren: int });

export const txnHeader: fc.Arbitrary<TxnHeader> = record({
  clientHigh: int,
  clientLow: int,
  cxid: int,
  zxid,
  time: timeMs,
  type: int,
});

const simpleTxns: fc.Arbitrary<TxnBody>[] = [
  record({
    type: fc.constantFrom(OpCode.create, OpCode.create2),
    path: text,
    data,
    acl,
    ephemeral: fc.boolean(),
    parentCVersion: int,
  }),
  record({ type: fc.constant(OpCode.createContainer), path: text, data, acl, parentCVersion: int }),
  record({
    type: fc.constant(OpCode.createTTL),
    path: text,
    data,
    acl,
    parentCVersion: int,
    ttlMs: fc.nat(0xff_ffff_ffff),
  }),
  record({ type: fc.constantFrom(OpCode.delete, OpCode.deleteContainer), path: text }),
  record({ type: fc.constantFrom(OpCode.setData, OpCode.reconfig), path: text, data, version: int }),
  record({ type: fc.constant(OpCode.setACL), path: text, acl, version: int }),
  record({ type: fc.constant(OpCode.check), path: text, version: int }),
  record({ type: fc.constant(OpCode.error), err: int }),
];

export const txnBody: fc.Arbitrary<TxnBody> = fc.oneof(
  ...simpleTxns,
  record({ type: fc.constant(OpCode.createSession), timeoutMs: int }),
  record({
    type: fc.constant(OpCode.closeSession),
    paths: fc.option(
      fc.array(
        text.map(name => `/${name}`),
        { maxLength: 4 },
      ),
    ),
  }),
  record({
    type: fc.constant(OpCode.multi),
    txns: fc.array(fc.oneof(...simpleTxns), { maxLength: 4 }),
  }),
);

export type Read = (reader: JuteReader) => unknown;

/** Reads the request as a whole; servers read it path by path. */
export function readSetWatchesRequest(reader: JuteReader, withPersistent: boolean): SetWatchesRequest {
  return {
    relativeZxid: reader.readLong(),
    dataWatches: readPaths(reader),
    existWatches: readPaths(reader),
    childWatches: readPaths(reader),
    persistentWatches: withPersistent ? readPaths(reader) : [],
    persistentRecursiveWatches: withPersistent ? readPaths(reader) : [],
  };
}

function readPaths(reader: JuteReader): string[] {
  return reader.readVector(readPath) ?? [];
}
