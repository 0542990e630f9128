/**
 * Gives processes of this machine the cores before others, and tells how long one waited for a core. Linux
 * only.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { execa } from 'execa';

const { PRIORITY_HIGHEST } = constants.priority;
/** If the lab itself runs below this nice value, no process can be preferred to it. */
const OWN_NICE_MIN = -10;
/** Any real-time priority is above every process without one. */
const REAL_TIME_PRIORITY = 10;

/** Ends the preference. Has no effect when the process is gone. */
export type Undo = () => Promise<void>;

/** Why nothing can be preferred here; undefined if it can. */
export async function noPreference(ownNice = getPriority()): Promise<string | undefined> {
  if (ownNice < OWN_NICE_MIN)
    return `this lab itself runs at nice ${ownNice}, and needs ${OWN_NICE_MIN} or more`;
  const { failed, code, stderr } = await execa('chrt', ['--rr', '1', 'true'], { reject: false });
  if (!failed) return undefined;
  return code === 'ENOENT' ? 'chrt (util-linux) is not on the PATH' : stderr || 'chrt failed';
}

/**
 * Nice -20 for a process that may use a whole core or more: it goes before all others, and they still get a
 * hundredth. With real-time priority, Linux would hold it up for 50 ms in each second for their sake.
 */
export function prefer(pid: number): Undo {
  const before = { nice: niceOf(pid), group: groupNiceOf(pid) };
  setAll(pid, PRIORITY_HIGHEST, PRIORITY_HIGHEST);
  return async () => setAll(pid, before.nice, before.group);
}

/** Real-time priority, for a process that uses little: it gets a core whenever it can run. */
export async function giveRealTime(pid: number): Promise<Undo> {
  await execa('chrt', ['--all-tasks', '--rr', '--pid', String(REAL_TIME_PRIORITY), String(pid)]);
  return async () => {
    await execa('chrt', ['--all-tasks', '--other', '--pid', '0', String(pid)], { reject: false });
  };
}

/** How long the first thread of a process could have run and had no core, in ms since it started. */
export function waitedForCoreMs(pid: number): number {
  return Number(read(`/proc/${pid}/task/${pid}/schedstat`).split(' ')[1] ?? 0) / 1e6;
}

/** Threads that start later inherit it. */
function setAll(pid: number, nice: number, groupNice: number | undefined): void {
  for (const thread of threadsOf(pid)) ifThere(() => setPriority(thread, nice));
  if (groupNice !== undefined) ifThere(() => writeFileSync(groupFile(pid), String(groupNice)));
}

function niceOf(pid: number): number {
  return ifThere(() => getPriority(pid)) ?? 0;
}

/**
 * Linux may put each session into a group and divide the cores among groups; nice then counts only within
 * one. Undefined when there are no groups.
 */
function groupNiceOf(pid: number): number | undefined {
  const nice = / nice (-?\d+)$/.exec(read(groupFile(pid)).trim())?.[1];
  return nice === undefined ? undefined : Number(nice);
}

const groupFile = (pid: number) => `/proc/${pid}/autogroup`;

function threadsOf(pid: number): number[] {
  return (ifThere(() => readdirSync(`/proc/${pid}/task`)) ?? []).map(Number);
}

/** Empty when there is no such file. */
function read(path: string): string {
  return ifThere(() => readFileSync(path, 'latin1')) ?? '';
}

/** Undefined when the process or the thread has ended. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
