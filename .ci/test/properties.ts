import fc from 'fast-check';

export { fc };

const FIXED_SEED = 368;

fc.configureGlobal({ seed: propertySeed(process.env.ZKLAB_PROPERTY_SEED) });

/**
 * The unit of strings of any characters, for `fc.string`. fast-check has `binary` for that, which takes more
 * than a second to build.
 */
export const anyCharacter = fc
  .oneof(fc.nat(0xff), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map(code => String.fromCodePoint(code));

/**
 * The seed of all properties. It is fixed, so that the tests of a commit always give the same answer. With
 * `random` fast-check chooses it, and names the seed of a failure.
 *
 * @param text a 32-bit integer, or `random`, from the environment; an empty text counts as none
 */
export function propertySeed(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return FIXED_SEED;
  if (text === 'random') return undefined;
  const seed = Number(text);
  if ((seed | 0) === seed && text.trim() !== '') return seed;
  throw new Error(`ZKLAB_PROPERTY_SEED=${text}: give a whole number of 32 bits, or random`);
}
