/**
 * How often a test does what it repeats only to meet more moments: `usual` times, or as many times that as
 * `ZKLAB_TEST_REPEAT` says.
 */
export function repetitions(usual: number, text = process.env.ZKLAB_TEST_REPEAT): number {
  if (text === undefined || text === '') return usual;
  const factor = Number(text);
  if (Number.isSafeInteger(factor) && factor > 0) return usual * factor;
  throw new Error(`ZKLAB_TEST_REPEAT=${text}: give a whole number from 1 on`);
}
