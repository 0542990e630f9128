import type { SourceFile, Violation } from './source-file.ts';

const HEADING = '## Dependencies';

/**
 * Every dependency has a row in the README that says what it is for and why this one, and every row has a
 * dependency.
 */
export function dependencyTable(files: readonly SourceFile[]): Violation[] {
  const needed = dependencies(files.find(({ path }) => path === 'package.json')?.text ?? '{}');
  const rows = tableRows(files.find(({ path }) => path === 'README.md')?.text ?? '');
  return [
    ...needed
      .filter(name => !rows.has(name))
      .map(name => `README.md: no row for ${name} in the table of ${HEADING}`),
    ...[...rows]
      .filter(([name]) => !needed.includes(name))
      .map(([name]) => `README.md: a row for ${name}, which package.json does not name`),
    ...[...rows]
      .filter(([, cells]) => cells.length < 3 || cells.some(cell => cell === ''))
      .map(([name]) => `README.md: the row of ${name} must say package, for and why this one`),
  ];
}

function dependencies(packageJson: string): string[] {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(packageJson) as {
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };
  return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
}

/** Package name -> cells. The first cell may be a link or in backticks, and may name several packages. */
function tableRows(readme: string): Map<string, string[]> {
  const section = readme.split(`${HEADING}\n`)[1]?.split(/^## /m)[0] ?? '';
  const rows = new Map<string, string[]>();
  for (const line of section
    .split('\n')
    .filter(one => one.startsWith('|'))
    .slice(2)) {
    const cells = line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim());
    for (const [, name] of (cells[0] ?? '').matchAll(/`([^`]+)`/g))
      if (name !== undefined) rows.set(name, cells);
  }
  return rows;
}

/** The lock file names packages and hashes. The mirror that they came from is specific to a machine. */
export function lockFileHosts(files: readonly SourceFile[]): Violation[] {
  const lock = files.find(({ path }) => path === 'package-lock.json');
  const hosts = lock?.text.match(/"resolved":\s*"[a-z+]+:\/\/[^"]*"/g) ?? [];
  return hosts
    .slice(0, 3)
    .map(host => `package-lock.json: ${host}; install with omit-lockfile-registry-resolved`);
}
