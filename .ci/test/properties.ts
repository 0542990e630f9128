import fc from 'fast-check';

export { fc };

const FIXED_SEED = 368;

fc.configureGlobal({ seed: propertySeed(process.env.ZKLAB_PROPERTY_SEED) });

/**
 * The tests of a commit give the same answer each time, so properties have one seed; `random` leaves it to
 * fast-check, which names the seed of a failure.
 *
 * @param text a whole number of 32 bits, or `random`; of the environment, in which an empty value is none
 */
export function propertySeed(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return FIXED_SEED;
  if (text === 'random') return undefined;
  const seed = Number(text);
  if ((seed | 0) === seed && text.trim() !== '') return seed;
  throw new Error(`ZKLAB_PROPERTY_SEED=${text}: give a whole number of 32 bits, or random`);
}
