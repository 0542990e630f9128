import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { type Field, type Message, raw } from './message.ts';

/** Integers at which signed 32-bit arithmetic, limits and allocations break. */
export const INT_EDGES: readonly number[] = [
  -1,
  0,
  1,
  -2,
  2 ** 31 - 1,
  -(2 ** 31),
  0xfffff,
  0xfffff + 1,
  2 * 0xfffff + 1,
  16 * 2 ** 20,
  100_001,
  0x7f7f_7f7f,
];
const LONG_EDGES: readonly bigint[] = [
  -1n,
  0n,
  1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 53n,
  (0x1ffffen << 32n) | 0xffff_ffffn,
  0xff00_0000_0000_0001n,
  2n ** 32n - 1n,
];
/**
 * The root is left out: an attacker who locks it has done nothing wrong, but nobody could look afterwards.
 */
const TEXTS: readonly string[] = [
  '',
  '//',
  '/f/',
  '/f//g',
  '/f/./g',
  '/f/../g',
  'f',
  '/f/\u0000',
  '/f/\ud800',
  '/f/\uffff',
  '/zookeeper/config',
  '/zookeeper/quota',
  `/f/${'x'.repeat(5_000)}`,
  '/f'.repeat(800),
  '\u001b]0;title\u0007\u001b[2J',
  '\u0001'.repeat(2_000),
  '%s%n{jndi:x}',
];
const REPEATS_MAX = 200;
const GARBAGE_BYTES_MAX = 64;

type Mutation = (message: Field[], at: number, random: SeededRandom) => void;

const mutations: readonly Mutation[] = [
  /** Replaces a field by another value of the same kind. */
  (message, at, random) => {
    message[at] = edgeOf(message[at]!, random);
  },
  /** Replaces a length by a false one. */
  (message, at, random) => {
    const field = message[at]!;
    if (field.kind === 'buffer') message[at] = { ...field, says: lie(field.value?.length ?? 0, random) };
    else message[at] = edgeOf(field, random);
  },
  (message, at) => void message.splice(at, 1),
  (message, at, random) => {
    const times = 1 + random.below(random.chance(0.1) ? REPEATS_MAX : 3);
    message.splice(at, 0, ...Array.from({ length: times }, () => message[at]!));
  },
  (message, at, random) => {
    const other = random.below(message.length);
    [message[at], message[other]] = [message[other]!, message[at]!];
  },
  (message, at) => void message.splice(at),
  (message, _at, random) => {
    message.push(raw(garbage(random)));
  },
];

/** Applies one to three mutations to a valid message. */
export function mutated(message: Message, random: SeededRandom): Message {
  const changed = [...message];
  for (let times = 1 + random.below(3); times > 0 && changed.length > 0; times--) {
    random.pick(mutations)(changed, random.below(changed.length), random);
  }
  return changed;
}

/** Flips some bits of the encoded bytes, whatever they mean. */
export function withFlippedBits(bytes: Buffer, random: SeededRandom): Buffer {
  if (bytes.length === 0) return bytes;
  const flipped = Buffer.from(bytes);
  for (let times = 1 + random.below(4); times > 0; times--)
    flipped[random.below(flipped.length)]! ^= 1 << random.below(8);
  return flipped;
}

export function garbage(random: SeededRandom): Buffer {
  return Buffer.from(Array.from({ length: 1 + random.below(GARBAGE_BYTES_MAX) }, () => random.below(256)));
}

function edgeOf(field: Field, random: SeededRandom): Field {
  switch (field.kind) {
    case 'byte':
      return { kind: 'byte', value: random.pick([0, 1, 2, 0x7f, 0xff]) };
    case 'int':
      return { kind: 'int', value: near(field.value, random) };
    case 'long':
      return { kind: 'long', value: random.pick(LONG_EDGES) };
    case 'buffer':
      return {
        kind: 'buffer',
        value: random.chance(0.2) ? null : Buffer.from(random.pick(TEXTS), 'utf8'),
      };
    case 'raw':
      return { kind: 'raw', value: garbage(random) };
  }
}

function near(value: number, random: SeededRandom): number {
  return random.chance(0.3) ? value + random.pick([-1, 1]) : random.pick(INT_EDGES);
}

function lie(length: number, random: SeededRandom): number {
  return random.chance(0.4) ? length + random.pick([-1, 1, 4]) : random.pick(INT_EDGES);
}
