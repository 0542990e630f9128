/**
 * A register of running members, so that the leftovers of a lab killed by SIGKILL can be told from other
 * people's processes. Each process has one small file in a folder of this user. The next lab reads them and
 * ends processes whose lab is gone.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../usage-error.ts';
import { commandLineOf, identityOf, isSameProcess, signalGroup } from './process-identity.ts';

const identity = z.strictObject({ pid: z.int().positive(), startTime: z.string() });
const record = z.strictObject({
  process: identity,
  lab: identity,
  /** A word in its command line that no other process has: the path of its zoo.cfg. */
  marker: z.string().min(1),
  /** Removed with the process; undefined when the data of a run is kept. */
  temporaryFolder: z.string().optional(),
});
type Registered = z.infer<typeof record>;

/** Only folders with this prefix in the system's temporary folder are ever removed. */
export const TEMPORARY_PREFIX = 'zklab-';

export interface Registration {
  remove(): void;
}

export interface Reaped {
  readonly pid: number;
  readonly marker: string;
}

/** `XDG_RUNTIME_DIR/zklab` if that folder exists, otherwise a folder of this user in the temporary one. */
export function runtimeFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.XDG_RUNTIME_DIR && existsSync(env.XDG_RUNTIME_DIR)
    ? join(env.XDG_RUNTIME_DIR, 'zklab')
    : join(tmpdir(), `${TEMPORARY_PREFIX}runtime-${process.getuid?.() ?? 'user'}`);
}

/** @returns undefined when the machine has no /proc, or the process has ended already */
export function registerProcess(
  pid: number,
  marker: string,
  temporaryFolder?: string,
  folder = runtimeFolder(),
): Registration | undefined {
  const started = identityOf(pid);
  const lab = identityOf(process.pid);
  if (started === undefined || lab === undefined) return undefined;
  return write(`${pid}.json`, folder, {
    process: started,
    lab,
    marker,
    ...(temporaryFolder ? { temporaryFolder } : {}),
  });
}

/** Registers a temporary folder of this lab, before any process uses it. */
export function registerFolder(path: string, folder = runtimeFolder()): Registration | undefined {
  const lab = identityOf(process.pid);
  if (lab === undefined) return undefined;
  return write(`${basename(path)}.json`, folder, { process: lab, lab, marker: path, temporaryFolder: path });
}

function write(name: string, folder: string, registered: Registered): Registration {
  openFolder(folder);
  const file = join(folder, name);
  try {
    writeFileSync(file, JSON.stringify(registered), { mode: 0o600 });
  } catch (error) {
    // Node.js reports a full disk without the path.
    if (error instanceof Error && !error.message.includes(file)) error.message += ` '${file}'`;
    throw error;
  }
  return { remove: () => rmSync(file, { force: true }) };
}

/** Ends what dead labs left behind, and returns what it ended. */
export function reap(folder = runtimeFolder()): Reaped[] {
  openFolder(folder);
  const reaped: Reaped[] = [];
  for (const name of readdirSync(folder).filter(each => each.endsWith('.json'))) {
    const file = join(folder, name);
    const registered = readRecord(file);
    if (registered !== undefined && isSameProcess(registered.lab)) continue;
    if (registered !== undefined && endLeftover(registered))
      reaped.push({ pid: registered.process.pid, marker: registered.marker });
    rmSync(file, { force: true });
  }
  return reaped;
}

/** Undefined for a file of another version, or one written in part. */
function readRecord(file: string): Registered | undefined {
  try {
    return record.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** True if the process was still running. Another process with the same pid is not ours. */
function endLeftover({ process: { pid, startTime }, marker, temporaryFolder }: Registered): boolean {
  const ours = isSameProcess({ pid, startTime }) && commandLineOf(pid).includes(marker);
  const ended = ours && killWithGroup(pid);
  if (temporaryFolder !== undefined && isTemporary(temporaryFolder))
    rmSync(temporaryFolder, { recursive: true, force: true, maxRetries: 3 });
  return ended;
}

/** Members lead their own groups. A helper such as Toxiproxy does not, and is killed alone. */
function killWithGroup(pid: number): boolean {
  return signalGroup(pid, 'SIGKILL') || process.kill(pid, 'SIGKILL');
}

function isTemporary(folder: string): boolean {
  return dirname(folder) === tmpdir() && basename(folder).startsWith(TEMPORARY_PREFIX);
}

/** The folder is in a place where others may write, and somebody else's folder could name any process. */
function openFolder(folder: string): void {
  // The parent is not created: a TMPDIR that does not exist is a mistake to report.
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== (process.getuid?.() ?? stat.uid) || (stat.mode & 0o022) !== 0)
    throw new UsageError(
      `${folder} can be written by other users; remove it, and zklab makes one that only you can write`,
    );
}
