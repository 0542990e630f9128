import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface TestFile {
  /** The source, relative to the root. People call the test by this name. */
  readonly name: string;
  /** The compiled file to run. */
  readonly path: string;
  /** Whether it starts processes and waits for them, or plays whole ensembles in virtual time for long. */
  readonly ensemble: boolean;
}

/** `*.test.ts`, `*.ensemble.test.ts`, or both. */
export type Lane = 'unit' | 'ensemble' | 'all';

/**
 * Lists the compiled tests of one lane under `root/dist` whose name contains one of `filters`, or all tests
 * without filters. A compiled test without a source is left out, so that a removed test never runs.
 */
export function findTests(root: string, filters: readonly string[], lane: Lane = 'all'): TestFile[] {
  const dist = join(root, 'dist');
  if (!existsSync(dist)) return [];
  return readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.js'))
    .map(name => ({
      name: name.replace(/\.js$/, '.ts'),
      path: join(dist, name),
      ensemble: name.endsWith('.ensemble.test.js'),
    }))
    .filter(file => lane === 'all' || file.ensemble === (lane === 'ensemble'))
    .filter(file => existsSync(join(root, file.name)))
    .filter(file => filters.length === 0 || filters.some(filter => file.name.includes(filter)))
    .sort((a, b) => a.name.localeCompare(b.name));
}
