/** `node dist/.ci/registry-tables.js --write` rebuilds the tables in Markdown from the registries. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { registryTables, withTables } from './test/house/registry-tables.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDERS = ['.', 'bench', 'bench/docs', 'chaos', 'chaos/docs', 'dashboards', 'results'];

const [option, ...more] = process.argv.slice(2);
if ((option !== undefined && option !== '--write') || more.length > 0) {
  process.stderr.write(`${process.argv.slice(2).join(' ')}: accepted is --write, or nothing\n`);
  process.exit(2);
}
const files = FOLDERS.filter(folder => existsSync(join(ROOT, folder))).flatMap(folder =>
  readdirSync(join(ROOT, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => join(folder, name))
    .map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })),
);
if (option === '--write')
  for (const { path, text } of files) {
    const made = withTables(text);
    if (made !== text) writeFileSync(join(ROOT, path), made);
  }
else {
  const violations = registryTables(files);
  for (const violation of violations) process.stdout.write(`${violation}\n`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
