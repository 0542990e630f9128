import { assert, suite } from '#test';
import { ErrorCode } from '../../../server/wire/error-codes.ts';
import { JuteReader, JuteWriter } from '../../../server/wire/jute.ts';
import { writeMultiEnd, writeMultiHeader } from '../../../server/wire/multi.ts';
import { OpCode } from '../../../server/wire/opcodes.ts';
import { errorOf, indexOf, isWrite, operationNames } from './operations.ts';

const test = suite('load: operations');

const STAT = Buffer.alloc(68);

function multiRead(...parts: readonly ('read' | number)[]): JuteReader {
  const writer = new JuteWriter();
  for (const part of parts) {
    writeMultiHeader(writer, part === 'read' ? OpCode.getData : OpCode.error, false, 0);
    if (part === 'read') writer.writeBuffer(Buffer.from('data')).writeRaw(STAT);
    else writer.writeInt(part);
  }
  writeMultiEnd(writer);
  return new JuteReader(writer.toBuffer());
}

test('a multiRead fails with its first failed part, wherever that stands', () => {
  const at = indexOf('multiRead');
  assert.is(errorOf(at, 0, multiRead('read', 'read')), 0);
  assert.is(errorOf(at, 0, multiRead('read', ErrorCode.NONODE, ErrorCode.NOAUTH)), ErrorCode.NONODE);
  assert.is(errorOf(at, 0, multiRead('read', 'read', ErrorCode.NOAUTH)), ErrorCode.NOAUTH);
});

test('an error in the header is the error of every operation', () => {
  for (const [operation] of operationNames.entries())
    assert.is(errorOf(operation, ErrorCode.SESSIONEXPIRED, new JuteReader()), ErrorCode.SESSIONEXPIRED);
});

test('what the ensemble commits is a write', () => {
  const reads = operationNames.filter(name => !isWrite[name]);
  assert.equal(reads, ['getData', 'exists', 'getChildren', 'getChildren2', 'getACL', 'sync', 'multiRead']);
});
