/** Lets a command end with the lab that started it, also where the lab is killed without a word. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * Processes that cannot watch their parent get the kernel's own guard: setpriv (util-linux) asks for SIGKILL at the
 * parent's death and becomes the command, so the pid is the command's. Without it the reaper of the next run clears.
 */
export function diesWithParent({ file, args }: Command): Command {
  const setpriv = findSetpriv();
  return setpriv === undefined
    ? { file, args }
    : { file: setpriv, args: ['--pdeathsig', 'KILL', file, ...args] };
}

export function findSetpriv(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (process.platform !== 'linux') return undefined;
  return (env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, 'setpriv'))
    .find(file => existsSync(file));
}
