import { posix } from 'node:path';
import {
  codeLines,
  imports,
  isTest,
  isTypeScript,
  type SourceFile,
  topFolder,
  type Violation,
} from './source-file.ts';

/** Node.js modules without I/O, clock or randomness. Of node:crypto, the calls below are banned. */
const PURE_NODE_MODULES = new Set(['assert', 'buffer', 'crypto', 'path', 'util', 'zlib']);
const IO_PACKAGES = /^(fastify|autocannon|execa|toxiproxy-node-client)(\/|$)/;

const BANNED_CALLS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bDate\.now\b/, 'runtime.clock.wallMs() or monotonicMs()'],
  [/\bnew Date\(\)/, 'runtime.clock.wallMs()'],
  [/\bperformance\.now\b|\bprocess\.hrtime\b/, 'runtime.clock.monotonicMs()'],
  [/\bMath\.random\b|\brandom(Bytes|UUID|Int|FillSync)\b|\bgetRandomValues\b/, 'runtime.random'],
  [/(?<![\w.#])(setTimeout|setInterval)\b/, 'runtime.clock.after() or every()'],
  [/(?<![\w.#])(setImmediate|queueMicrotask)\b|\bprocess\.nextTick\b/, 'runtime.clock.atEndOfTurn()'],
  [/(?<![\w.#])fetch\(/, 'runtime.network'],
];

/**
 * Code in server/ outside server/runtime/ and server/sinks/ reaches the outside world only through Runtime.
 * Tests are exempt.
 */
export function runtimeBoundary(files: readonly SourceFile[]): Violation[] {
  return files.filter(isInsideBoundary).flatMap(file => [
    ...imports(file)
      .filter(({ target }) => reachesTheWorld(target))
      .map(
        ({ number, target }) => `${file.path}:${number}: imports ${target}; take what it does from Runtime`,
      ),
    ...codeLines(file).flatMap(({ number, code }) =>
      BANNED_CALLS.filter(([pattern]) => pattern.test(code)).map(
        ([pattern, instead]) => `${file.path}:${number}: ${pattern.exec(code)?.[0]}; use ${instead}`,
      ),
    ),
  ]);
}

const HOME_OF_PROPERTIES = '.ci/test/properties.ts';

/** All properties use one seed, so that a commit that passed passes again. */
export function propertiesHaveTheSeed(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(file => isTypeScript(file) && file.path !== HOME_OF_PROPERTIES)
    .flatMap(file =>
      imports(file)
        .filter(({ target }) => target === 'fast-check')
        .map(({ number }) => `${file.path}:${number}: imports fast-check; take fc from '#test/properties'`),
    );
}

/** Several servers run in one process, and a simulation starts many one after the other. Tests are exempt. */
export function moduleState(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(file => file.path.startsWith('server/') && isTypeScript(file) && !isTest(file))
    .flatMap(file =>
      codeLines(file)
        .filter(({ code }) => MUTABLE_AT_TOP.test(code))
        .map(({ number, code }) => `${file.path}:${number}: "${code.trim()}" lives as long as the process`),
    );
}

/** Matches state outside functions: a variable, or an empty collection that is not declared read-only. */
const MUTABLE_AT_TOP =
  /^(export )?((let|var)\b|const \w+(: (?!readonly|Readonly)[^=]*)? = (new (Map|Set|WeakMap|Array)\b[^(]*\(\)|\[\]);)/;

/** What runs in server/sinks/ is a process of its own, around the libraries of brokers. */
const OUTSIDE = ['server/runtime/', 'server/sinks/'];

function isInsideBoundary(file: SourceFile): boolean {
  const { path } = file;
  const isOutside = OUTSIDE.some(folder => path.startsWith(folder));
  return path.startsWith('server/') && !isOutside && isTypeScript(file) && !isTest(file);
}

function reachesTheWorld(target: string): boolean {
  if (IO_PACKAGES.test(target)) return true;
  const module = /^node:([\w/]+)$/.exec(target)?.[1];
  return module !== undefined && !PURE_NODE_MODULES.has(module);
}

/** The folders that each top folder may import besides itself. `zklab.ts` and `.ci` may import all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  server: [],
  results: [],
  bench: ['server', 'results'],
  chaos: ['bench', 'server', 'results'],
  dashboards: ['results'],
};

/** zklab.ts -> dashboards, chaos -> bench -> server, and results below them all. */
export function importDirections(files: readonly SourceFile[]): Violation[] {
  return files.filter(isTypeScript).flatMap(file => {
    const from = topFolder(file.path);
    const allowed = MAY_IMPORT[from];
    if (allowed === undefined) return [];
    return imports(file)
      .filter(({ target }) => target.startsWith('.'))
      .map(({ number, target }) => ({ number, to: posix.join(posix.dirname(file.path), target) }))
      .filter(({ to }) => topFolder(to) !== from && !allowed.includes(topFolder(to)))
      .map(
        ({ number, to }) =>
          `${file.path}:${number}: imports ${to}; ${from}/ may import ${allowedText(allowed)}`,
      );
  });
}

function allowedText(allowed: readonly string[]): string {
  return allowed.length === 0 ? 'nothing outside itself' : `only ${allowed.join(', ')}`;
}
