import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface TestFile {
  /** The source, relative to the root: what people call the test. */
  readonly name: string;
  /** The compiled file to run. */
  readonly path: string;
  /** Starts processes of its own, so nothing runs beside it. */
  readonly ensemble: boolean;
}

/**
 * The compiled tests under `root/dist` whose source still exists (what is left of a removed test must not run), and whose
 * name contains one of `filters`, if there are any. Ensemble tests come last.
 */
export function findTests(root: string, filters: readonly string[]): TestFile[] {
  const dist = join(root, 'dist');
  if (!existsSync(dist)) return [];
  const found = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.js'))
    .map(name => ({
      name: name.replace(/\.js$/, '.ts'),
      path: join(dist, name),
      ensemble: name.endsWith('.ensemble.test.js'),
    }))
    .filter(file => existsSync(join(root, file.name)))
    .filter(file => filters.length === 0 || filters.some(filter => file.name.includes(filter)))
    .sort((a, b) => a.name.localeCompare(b.name));
  return [...found.filter(file => !file.ensemble), ...found.filter(file => file.ensemble)];
}
