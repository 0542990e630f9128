import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { JuteError, JuteReader, JuteWriter } from './jute.ts';

const test = suite('wire: jute');

const hex = (write: (writer: JuteWriter) => void): string => {
  const writer = new JuteWriter(1);
  write(writer);
  return writer.bytes.toString('hex');
};
const reader = (bytes: string): JuteReader => new JuteReader(Buffer.from(bytes, 'hex'));

function juteError(run: () => unknown): JuteError {
  try {
    run();
  } catch (error) {
    assert.instance(error, JuteError);
    return error as JuteError;
  }
  throw new Error('no JuteError was thrown');
}

test('primitives are big-endian, fields one after the other', () => {
  assert.is(
    hex(w => w.writeByte(0xfe).writeBoolean(true).writeBoolean(false)),
    'fe0100',
  );
  assert.is(
    hex(w => w.writeInt(-2).writeInt(0x01020304)),
    'fffffffe01020304',
  );
  assert.is(
    hex(w => w.writeLong(0x1_0000_0001).writeLong(-1)),
    '0000000100000001ffffffffffffffff',
  );
  assert.is(
    hex(w => w.writeLong(-0x1_0000_0000)),
    'ffffffff00000000',
  );
  assert.is(
    hex(w => w.writeBigLong(-(1n << 63n))),
    '8000000000000000',
  );
  assert.is(
    hex(w => w.writeBigLong(0xff00_0000_0000_ea60n)),
    'ff0000000000ea60',
  );
});

test('any byte but 0 reads as true', () => {
  const bytes = reader('000102ff');
  assert.equal(
    [1, 2, 3, 4].map(() => bytes.readBoolean()),
    [false, true, true, true],
  );
});

test('null and empty differ for strings, buffers and vectors, and both round-trip', () => {
  const writeInts = (w: JuteWriter, value: number) => void w.writeInt(value);
  assert.is(
    hex(w => w.writeString(null).writeString('')),
    'ffffffff00000000',
  );
  assert.is(
    hex(w => w.writeBuffer(null).writeBuffer(Buffer.alloc(0))),
    'ffffffff00000000',
  );
  assert.is(
    hex(w => w.writeVector(null, writeInts).writeVector([], writeInts)),
    'ffffffff00000000',
  );
  const bytes = reader('ffffffff00000000'.repeat(3));
  assert.equal([bytes.readString(), bytes.readString()], [null, '']);
  assert.equal([bytes.readBuffer(), bytes.readBuffer()?.length], [null, 0]);
  assert.equal([bytes.readVector(r => r.readInt()), bytes.readVector(r => r.readInt())], [null, []]);
});

test('strings are UTF-8, short and long, whatever the writer held before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 120 }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 64 }),
      (texts, capacity) => {
        const writer = new JuteWriter(capacity);
        for (const text of texts) writer.writeString(text);
        const expected = texts.map(text => {
          const bytes = Buffer.from(text, 'utf8');
          const length = Buffer.alloc(4);
          length.writeInt32BE(bytes.length);
          return Buffer.concat([length, bytes]);
        });
        assert.equal(writer.toBuffer(), Buffer.concat(expected));
        const read = new JuteReader(writer.bytes);
        for (const text of texts) assert.is(read.readString(), text);
        assert.is(read.remaining, 0);
      },
    ),
  );
});

test("Java's surrogates of three bytes each are read without an error, as is any other bad UTF-8", () => {
  assert.type(reader('00000006eda081edb080').readString(), 'string');
  assert.type(reader('00000002fffe').readString(), 'string');
});

test('longs are exact over all zxids of epochs below 2^21, and negative ones', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), value => {
      const writer = new JuteWriter();
      writer.writeLong(value).writeBigLong(BigInt(value));
      const read = new JuteReader(writer.bytes);
      assert.is(read.readLong(), value);
      assert.is(read.readBigLong(), BigInt(value));
    }),
  );
});

test('a length below -1 is unreasonable; one beyond the record is short of what it lacks, however large', () => {
  const read = (length: number): JuteError[] => {
    const bytes = Buffer.alloc(6);
    bytes.writeInt32BE(length);
    return [() => new JuteReader(bytes).readString(), () => new JuteReader(bytes).readBuffer()].map(
      juteError,
    );
  };
  for (const length of [-2, -0x8000_0000]) {
    for (const error of read(length)) {
      assert.match(error.message, `a field cannot have ${length} bytes`);
      assert.is(error.short, false);
    }
  }
  for (const length of [3, 0xfffff, 100_000_000]) {
    for (const error of read(length)) assert.is(error.missingBytes, length - 2);
  }
  const [string, buffer] = read(0x7fff_ffff);
  assert.is(string!.short, false, 'no string is so long');
  assert.is(buffer!.missingBytes, 0x7fff_ffff - 2);
});

test('field report A2: a field is as long as its record, above 2 MiB too', () => {
  const writer = new JuteWriter();
  writer.writeBuffer(Buffer.alloc(5_000_000, 1)).writeString('x'.repeat(3_000_000));
  const read = new JuteReader(writer.bytes);
  assert.is(read.readBuffer()?.length, 5_000_000);
  assert.is(read.readString()?.length, 3_000_000);
  assert.is(read.remaining, 0);
});

test('a vector cannot have more items than there are bytes left: no count allocates memory', () => {
  const error = juteError(() => reader('7fffffff00000000').readVector(r => r.readInt()));
  assert.match(error.message, 'a vector cannot have 2147483647 items in 4 bytes');
  juteError(() => reader('fffffffe').readVector(r => r.readInt()));
});

test('a record cut anywhere is short by the bytes that are missing', () => {
  const writer = new JuteWriter();
  writer
    .writeByte(1)
    .writeInt(2)
    .writeLong(3)
    .writeString('päth')
    .writeBuffer(Buffer.from([1, 2, 3]));
  const readAll = (bytes: Buffer): void => {
    const r = new JuteReader(bytes);
    r.readByte();
    r.readInt();
    r.readLong();
    r.readString();
    r.readBuffer();
  };
  readAll(writer.bytes);
  for (let cut = 0; cut < writer.length; cut++) {
    assert.is(juteError(() => readAll(writer.bytes.subarray(0, cut))).short, true, `cut at ${cut}`);
  }
});

test('a reader stays within its own bytes of a chunk', () => {
  const chunk = Buffer.from('0000000500000007', 'hex');
  const read = new JuteReader().reset(chunk, 0, 4);
  assert.is(read.readInt(), 5);
  juteError(() => read.readByte());
  assert.is(read.reset(chunk, 4).readInt(), 7);
});

test('patched and reserved bytes stay in place when the buffer grows', () => {
  const writer = new JuteWriter(4);
  const at = writer.reserve(4);
  writer.writeRaw(Buffer.alloc(100, 0xab)).writeRaw(Buffer.from([1, 2, 3]), 1, 2);
  writer.patchInt(at, writer.length);
  assert.is(writer.bytes.readInt32BE(0), 105);
  assert.is(writer.bytes.toString('hex', 102), 'abab02');
});
