import { mkdir, readdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { readGivenFile } from './given-file.ts';
import { RUNS_ROOT } from './runs-root.ts';
import { type Result, resultSchema, SCHEMA_VERSION } from './schema.ts';
import { StoreError } from './store-error.ts';

const RESULT_FILE = 'result.json';
const LATEST = 'latest';
const PROBLEMS_SHOWN_MAX = 5;
const SAME_SECOND_RUNS_MAX = 100;
/** A run of a night has some megabytes. */
const RESULT_BYTES_MAX = 268_435_456;
/** Other folders may be beside runs, such as the traces of `zklab sim`. */
const RUN_ID = /^\d{4}-\d\d-\d\dT/;

export interface RunDirectory {
  readonly id: string;
  readonly path: string;
  /**
   * Validates, writes result.json in one step, and updates the link `latest`. @throws StoreError 'invalid'
   */
  write(result: Result): Promise<string>;
  /** Writes a file beside result.json in one step: report.html, a log, a history. Returns its path. */
  writeText(name: string, content: string): Promise<string>;
}

export interface RunListing {
  readonly id: string;
  readonly path: string;
  /** Null when the run cannot be read. `problem` then says why. */
  readonly result: Result | null;
  readonly problem: string | null;
}

/** With other codes, such as that of a full disk, it is not the place that is wrong. */
const UNWRITABLE = ['EACCES', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'];

/**
 * Creates a directory `<time>-<name>` under `root`. A second run in the same second gets a suffix.
 * @throws StoreError 'unwritable'
 */
export async function createRun(name: string, startedAt: Date, root = RUNS_ROOT): Promise<RunDirectory> {
  await makeRoot(root);
  const base = runId(name, startedAt);
  for (let attempt = 1; attempt <= SAME_SECOND_RUNS_MAX; attempt += 1) {
    const id = attempt === 1 ? base : `${base}-${attempt}`;
    const path = join(root, id);
    try {
      await mkdir(path);
      return runDirectory(id, path, root);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) refuseFolder(root)(error);
    }
  }
  throw new StoreError('invalid', `${root} already has ${SAME_SECOND_RUNS_MAX} runs named "${base}"`);
}

/** Creates the folder that holds runs, if it is missing. @throws StoreError 'unwritable' */
export async function makeRoot(root: string): Promise<void> {
  await makeFolders(root).catch(refuseFolder(root));
}

/** Node.js's own recursive mkdir never ends below /proc, where no folder can be made and none is missing. */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const parent = dirname(path);
    if (hasCode(error, 'ENOENT') && parent !== path) {
      await makeFolders(parent);
      await mkdir(path).catch(unlessThere(path));
    } else await unlessThere(path)(error);
  }
}

/** Another lab may make it at the same time. */
function unlessThere(path: string): (error: unknown) => Promise<void> {
  return async error => {
    const isThere = hasCode(error, 'EEXIST') && (await stat(path).catch(() => undefined))?.isDirectory();
    if (!isThere) throw error;
  };
}

/** Whether the place is wrong where a file or folder was to be made. */
export function isUnwritable(error: unknown): boolean {
  return UNWRITABLE.some(code => hasCode(error, code));
}

function refuseFolder(root: string): (error: unknown) => never {
  return error => {
    if (!isUnwritable(error)) throw error;
    throw new StoreError(
      'unwritable',
      `runs cannot be kept in ${root}: ${(error as Error).message}; set ZKLAB_RUNS to a folder that can be written`,
    );
  };
}

/** `2026-08-01T09-30-05Z-quick`: sorts by time, and contains no colon, which some file systems refuse. */
export function runId(name: string, startedAt: Date): string {
  const time = startedAt
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  const safe = name.replace(/[^A-Za-z0-9._=+]+/g, '-').replace(/^[-.]+|[-.]+$/g, '');
  return `${time}-${safe.slice(0, 80) || 'run'}`;
}

function runDirectory(id: string, path: string, root: string): RunDirectory {
  return {
    id,
    path,
    async write(result) {
      const file = join(path, RESULT_FILE);
      await writeAtomically(file, `${JSON.stringify(validated(result, file), null, 1)}\n`);
      await pointLatestAt(id, root);
      return file;
    },
    async writeText(name, content) {
      if (name !== name.split(/[/\\]/).at(-1) || name === '..' || name === '.')
        throw new StoreError(
          'invalid',
          `"${name}" is not accepted as the name of a file of a run; accepted is a name without folders that is not only dots`,
        );
      const file = join(path, name);
      await writeAtomically(file, content);
      return file;
    },
  };
}

/** A reader sees the old file or the new one, never a part. */
async function writeAtomically(file: string, content: string): Promise<void> {
  const draft = `${file}.${process.pid}.draft`;
  // Somebody may have removed the folder while the run went on.
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(draft, content);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function pointLatestAt(id: string, root: string): Promise<void> {
  const draft = join(root, `.${LATEST}.${process.pid}`);
  await rm(draft, { force: true });
  await symlink(id, draft);
  await rename(draft, join(root, LATEST));
}

/**
 * The directory of a run, given as an id, a unique prefix of an id, a path (of the directory or its
 * result.json), or `latest`. For any other `.json`, as `--json` prints it, the path of the document itself.
 * @throws StoreError 'missing', naming the existing runs
 */
export async function findRun(reference: string, root = RUNS_ROOT): Promise<string> {
  if (isAbsolute(reference) || /^\.{1,2}([/\\]|$)|[/\\]/.test(reference) || reference.endsWith('.json'))
    return resolve(reference).replace(/[/\\]result\.json$/, '');
  const ids = await runIds(root);
  if (reference === LATEST) return join(root, await latestId(ids, root));
  const matches = ids.includes(reference) ? [reference] : ids.filter(id => id.startsWith(reference));
  if (matches.length === 1 && reference !== '') return join(root, matches[0]!);
  if (matches.length > 1)
    throw new StoreError('missing', `"${reference}" could be ${matches.length} runs: ${some(matches)}`);
  throw new StoreError(
    'missing',
    `there is no run "${reference}" in ${root}, which has ${ids.length ? some(ids) : 'no runs yet'}`,
  );
}

/**
 * The ids of all runs that match a pattern, oldest first: `*` stands for any characters, `?` for one.
 * @throws StoreError 'missing' if there is none, naming the existing runs
 */
export async function matchingRuns(pattern: string, root = RUNS_ROOT): Promise<string[]> {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const accepts = new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  const ids = await runIds(root);
  const found = ids.filter(id => accepts.test(id));
  if (found.length > 0) return found;
  throw new StoreError(
    'missing',
    `no run matches "${pattern}" (* and ? stand for any characters) in ${root}, which has ${ids.length ? some(ids) : 'no runs yet'}`,
  );
}

async function latestId(ids: readonly string[], root: string): Promise<string> {
  const linked = await readlink(join(root, LATEST)).catch(() => undefined);
  const id = linked !== undefined && ids.includes(linked) ? linked : ids.at(-1);
  if (id === undefined)
    throw new StoreError('missing', `there is no run in ${root} yet; "zklab claims" makes one`);
  return id;
}

/** Reads a run by any reference that `findRun` accepts. @throws StoreError with what is wrong and where */
export async function loadRun(reference: string, root = RUNS_ROOT): Promise<Result> {
  const found = await findRun(reference, root);
  const file = found.endsWith('.json') ? found : join(found, RESULT_FILE);
  let content: string;
  try {
    content = readGivenFile(file, RESULT_BYTES_MAX).toString();
  } catch (error) {
    const { cause } = error as Error;
    if (hasCode(cause, 'ENOENT') || hasCode(cause, 'ENOTDIR'))
      throw new StoreError(
        'missing',
        `${file} does not exist; the run did not finish, or this is not the folder of a run`,
      );
    throw new StoreError('damaged', `${file} cannot be read: ${(error as Error).message}`);
  }
  return parseResult(content, file);
}

/**
 * Parses the result in `content`. `origin` names it in errors. @throws StoreError 'damaged', 'other version',
 * 'invalid'
 */
export function parseResult(content: string, origin: string): Result {
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch (error) {
    throw new StoreError(
      'damaged',
      `${origin} is not JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
  const version = (document as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (version === undefined)
    throw new StoreError('damaged', `${origin} has no schemaVersion, so it is not a result of zklab`);
  if (version !== SCHEMA_VERSION)
    throw new StoreError(
      'other version',
      `${origin} has schemaVersion ${version}; this version of zklab reads ${SCHEMA_VERSION}`,
    );
  return validated(document, origin);
}

function validated(document: unknown, origin: string): Result {
  const parsed = resultSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(issue => `  ${issue.path.join('.') || '(top)'}: ${issue.message}`);
  const more = problems.length - PROBLEMS_SHOWN_MAX;
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).join('\n') + (more > 0 ? `\n  and ${more} more` : '');
  throw new StoreError('invalid', `${origin} is not a valid result:\n${shown}`);
}

/** Every run under `root`, oldest first. Damaged ones are listed with their problem. */
export async function listRuns(root = RUNS_ROOT): Promise<RunListing[]> {
  const listings: RunListing[] = [];
  for (const id of await runIds(root)) {
    const path = join(root, id);
    try {
      listings.push({ id, path, result: await loadRun(path), problem: null });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      listings.push({ id, path, result: null, problem: error.message });
    }
  }
  return listings;
}

async function runIds(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries
      .filter(entry => entry.isDirectory() && RUN_ID.test(entry.name))
      .map(entry => entry.name)
      .sort();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

function some(ids: readonly string[]): string {
  const shown = ids.slice(-PROBLEMS_SHOWN_MAX).join(', ');
  return ids.length > PROBLEMS_SHOWN_MAX ? `${shown} and ${ids.length - PROBLEMS_SHOWN_MAX} older` : shown;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
