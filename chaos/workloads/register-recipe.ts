import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { ask, askAll, type Recipe } from './recipe.ts';

interface Turn {
  readonly process: number;
  readonly random: SeededRandom;
  /** Of the registers. */
  readonly paths: readonly string[];
  readonly number: number;
}

/** The register is there, so the create is refused: a refused write must not be applied. */
const CREATED_AGAIN_EVERY_TURNS = 50;

/** A write, a compare-and-set by version, or a read behind a sync, of one register. */
export function* useRegister({ process, random, paths, number }: Turn): Recipe {
  const path = random.pick(paths);
  const value = `p${process}-${number}`;
  if (number % CREATED_AGAIN_EVERY_TURNS === 0) yield* ask({ f: 'create', path, value: `${value}-first` });
  const drawn = random.below(10);
  if (drawn < 3) yield* ask({ f: 'setData', path, value });
  else if (drawn < 6) {
    const { completion } = yield* ask({ f: 'getData', path });
    const { version } = completion;
    if (version !== undefined) yield* ask({ f: 'setData', path, value, version });
  } else
    yield* askAll([
      { f: 'sync', path },
      { f: 'getData', path },
    ]);
}
