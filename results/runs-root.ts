import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** ZKLAB_RUNS, or `results/runs` of this project, which git ignores. */
export const RUNS_ROOT =
  process.env.ZKLAB_RUNS || fileURLToPath(new URL('../../results/runs', import.meta.url));
