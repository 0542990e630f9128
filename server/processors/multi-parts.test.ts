import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { JuteReader, JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import {
  readCreateRequest,
  readCreateTtlRequest,
  readPathVersionRequest,
  readSetDataRequest,
} from '../wire/requests.ts';
import { skipPart } from './multi-parts.ts';
import { check, create, createTtl, type Op, remove, setData } from './prep.test-kit.ts';

const test = suite('processors: parts of a multi');

function read(type: number, reader: JuteReader): void {
  if (type === OpCode.createTTL) readCreateTtlRequest(reader);
  else if (type === OpCode.setData) readSetDataRequest(reader);
  else if (type === OpCode.delete || type === OpCode.check) readPathVersionRequest(reader);
  else readCreateRequest(reader);
}

/** The offset at which a reader ends, or "throws". */
function endOf(bytes: Buffer, go: (reader: JuteReader) => void): number | string {
  const reader = new JuteReader(bytes);
  try {
    go(reader);
  } catch {
    return 'throws';
  }
  return reader.offset;
}

test('property: a skipped part ends where reading it would end, and throws when reading it would', () => {
  const text = fc.string({ maxLength: 5 });
  const acl = fc.option(
    fc.array(fc.record({ perms: fc.nat(31), id: fc.record({ scheme: text, id: text }) }), { maxLength: 3 }),
  );
  const data = fc.option(text);
  const part: fc.Arbitrary<Op> = fc.oneof(
    fc
      .record({
        path: text,
        data,
        acl,
        op: fc.constantFrom(OpCode.create, OpCode.create2, OpCode.createContainer),
      })
      .map(({ path, ...options }) => create(path, options)),
    text.map(path => createTtl(path, 1)),
    text.map(path => remove(path)),
    text.map(path => check(path)),
    fc.tuple(text, data).map(([path, value]) => setData(path, value)),
  );
  /** Some of the ints are lengths: null, longer than the bytes, no length at all. */
  const damage = fc.option(fc.tuple(fc.nat(60), fc.constantFrom(-1, -2, 0, 1, 0x7fff_ffff)));
  fc.assert(
    fc.property(part, fc.nat(80), damage, ({ op, write }, keep, damaged) => {
      const writer = new JuteWriter();
      write(writer);
      const bytes = writer.toBuffer().subarray(0, keep);
      if (damaged !== null && damaged[0] + 4 <= bytes.length) bytes.writeInt32BE(damaged[1], damaged[0]);
      assert.is(
        endOf(bytes, reader => skipPart(op, reader)),
        endOf(bytes, reader => read(op, reader)),
      );
    }),
    { numRuns: 2000 },
  );
});
