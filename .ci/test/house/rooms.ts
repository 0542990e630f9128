/** The rooms in the top folders: the order of their imports, and import cycles of files. */
import { posix } from 'node:path';
import { imports, isTest, isTypeScript, type SourceFile, topFolder, type Violation } from './source-file.ts';

/**
 * The rooms of each folder, lowest first, and the files beside them. Each imports only what comes before it.
 * Tests and their helpers may import all.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  server: [
    'errors.ts',
    'printable.ts',
    'version.ts',
    'copy-bytes.ts',
    'collections',
    'runtime',
    'wire',
    'metrics',
    'turns',
    'auth',
    'tree',
    'properties',
    'membership',
    'config',
    'security',
    'storage',
    'stream',
    'sinks',
    'sessions',
    'processors',
    'clients',
    'election',
    'zab',
    'master',
    'learner',
    'quorum',
    'admin',
    'server.ts',
    'program.ts',
    'main.ts',
  ],
  bench: [
    'usage-error.ts',
    'defect.ts',
    'origin.ts',
    'shell-word.ts',
    'json-schema.ts',
    'shared-schemas.ts',
    'checked.ts',
    'read-yaml.ts',
    'included-yaml.ts',
    'named-yaml.ts',
    'terminal.ts',
    'progress.ts',
    'stats',
    'claims',
    'hosts',
    'recorded-run.ts',
    'present.ts',
    'command-line.ts',
    'compare',
    'duration.ts',
    'topology',
    'measure',
    'recording',
    'load',
    'rounds',
    'sinks',
    'prediction',
    'doctor.ts',
    'peer',
    'ab',
    'matrix',
    'fairness',
    'workload-runs',
    'micro',
    'list.ts',
    'commands.ts',
  ],
  chaos: [
    'delta-debugging.ts',
    'wait.ts',
    'checkers',
    'resource-watch.ts',
    'toxiproxy',
    'mesh',
    'faults',
    'members.ts',
    'meshed-ensemble.ts',
    'real-clients',
    'workloads',
    'schedules',
    'campaigns',
    'experiments',
    'simulation',
    'track-record',
    'nights',
    'fuzz',
    'up-description.ts',
    'by-hand',
    'up-hints.ts',
    'up-text.ts',
    'up-watch.ts',
    'up.ts',
    'schemas.ts',
    'list.ts',
    'commands.ts',
    'testing',
  ],
};

/** A room imports only from rooms before it in the order. */
export function roomOrder(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(file => isTypeScript(file) && !isForTests(file))
    .flatMap(file => {
      const folder = topFolder(file.path);
      const order = ROOMS[folder];
      if (order === undefined) return [];
      const room = roomOf(file.path);
      const place = order.indexOf(room);
      if (place < 0)
        return [`${file.path}: ${folder}/${room} has no place in the order of .ci/test/house/rooms.ts`];
      return relativeImports(file)
        .filter(({ to }) => topFolder(to) === folder && order.indexOf(roomOf(to)) > place)
        .map(
          ({ number, to }) =>
            `${file.path}:${number}: imports ${to}; ${roomOf(to)} stands behind ${room} in the order of .ci/test/house/rooms.ts`,
        );
    });
}

/**
 * No file imports itself through others, not even for a type, because none of them could be read without the
 * rest.
 */
export function fileCircles(files: readonly SourceFile[]): Violation[] {
  const targets = new Map(
    files.filter(isTypeScript).map(file => [file.path, new Set(relativeImports(file).map(({ to }) => to))]),
  );
  return circles(targets).map(circle => `${circle[0]}: a circle of imports: ${circle.join(', ')}`);
}

/** Finds files that reach one another, each group sorted by name. @see Tarjan, Depth-First Search (1972) */
function circles(targets: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const visit = (path: string): number => {
    let low = index.size;
    index.set(path, low);
    const own = low;
    stack.push(path);
    onStack.add(path);
    for (const to of targets.get(path) ?? []) {
      if (!targets.has(to)) continue;
      if (!index.has(to)) low = Math.min(low, visit(to));
      else if (onStack.has(to)) low = Math.min(low, index.get(to)!);
    }
    if (low === own) {
      const group = stack.splice(stack.indexOf(path));
      for (const member of group) onStack.delete(member);
      if (group.length > 1 || targets.get(path)?.has(path)) found.push(group.sort());
    }
    return low;
  };
  for (const path of targets.keys()) if (!index.has(path)) visit(path);
  return found;
}

/** The folder below the top folder, or the file itself if it is directly in the top folder. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function relativeImports(file: SourceFile): { readonly number: number; readonly to: string }[] {
  return imports(file)
    .filter(({ target }) => target.startsWith('.'))
    .map(({ number, target }) => ({ number, to: posix.join(posix.dirname(file.path), target) }));
}

/** Tests, and their helpers. */
function isForTests(file: SourceFile): boolean {
  return isTest(file) || /\/(testing|conformance)\//.test(file.path);
}
