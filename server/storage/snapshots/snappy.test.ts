import { assert, suite } from '#test';
import { unsnappy } from './snappy.ts';

const test = suite('storage: snappy');

const HEADER = '82534e41505059000000000100000001';
const TEXT = '/zk/a /zk/b /zk/c '.repeat(4);

/** What snappy-java 1.1.8 makes of TEXT. */
const GOLDEN = Buffer.from(
  '82534e415050590000000001000000010000001548142f7a6b2f612001060062050600630506c61200',
  'hex',
);

function stream(...blocks: string[]): Buffer {
  const framed = blocks.map(block => (block.length / 2).toString(16).padStart(8, '0') + block);
  return Buffer.from(HEADER + framed.join(''), 'hex');
}

test('a stream of snappy-java is read', () => {
  assert.is(unsnappy(GOLDEN).toString(), TEXT);
});

test('literals of any length field, copies near and far, copies that overlap what they write', () => {
  const far = 'x'.repeat(300);
  const literal = `f42b01${Buffer.from(far).toString('hex')}`;
  // 300 literal bytes with a 2-byte length; "ab"; 6 bytes from 2 back; 4 bytes from 308 back, in 16 and in 32
  // bits
  const block = `bc02${literal}04616209020e34010f38010000`;
  assert.is(unsnappy(stream(block)).toString(), `${far}ab${'ab'.repeat(3)}xxxxxxxx`);
});

test('blocks follow one another', () => {
  assert.is(unsnappy(stream('02046162', '01005a')).toString(), 'abZ');
  assert.is(unsnappy(stream()).length, 0);
});

const DAMAGED: Readonly<Record<string, Buffer>> = {
  'a block that is cut off': GOLDEN.subarray(0, -1),
  'half a length of a block': GOLDEN.subarray(0, 18),
  'another magic': Buffer.alloc(20),
  'a later version': Buffer.from(`${HEADER.slice(0, -1)}2`, 'hex'),
  'a literal beyond the block': stream('05106162'),
  'a literal beyond the length': stream('01046162'),
  'a copy from before the start': stream('060461620d03'),
  'a copy of what is not written yet': stream('060461620900'),
  'an end before the length': stream('03046162'),
  'a length that is no length': stream('ffffffffff01'),
  'a length of 4 GiB': stream('ffffffff0f0061'),
  'a block of negative size': Buffer.from(`${HEADER}ffffffff`, 'hex'),
  'a block without an end of its length': stream('80'),
};

for (const [what, bytes] of Object.entries(DAMAGED)) {
  test(`refused: ${what}`, () => {
    assert.throws(() => unsnappy(bytes), /snappy/);
  });
}
