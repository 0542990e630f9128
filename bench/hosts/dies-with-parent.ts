/** Makes a command end with the lab that started it, even if the lab is killed with SIGKILL. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * Processes that cannot watch their parent get the kernel's own guard: setpriv (util-linux) asks for SIGKILL
 * at the parent's death and becomes the command, so the pid is the command's. Without it the reaper of the
 * next run clears. A parent that died before setpriv asked is noticed behind it: the shell's parent is
 * another one then.
 */
export function diesWithParent({ file, args }: Command): Command {
  const setpriv = findSetpriv();
  return setpriv === undefined
    ? { file, args }
    : {
        file: setpriv,
        args: ['--pdeathsig', 'KILL', 'sh', '-c', ONLY_WITH_PARENT, String(process.pid), file, ...args],
      };
}

/** $0 is the pid of the lab. */
const ONLY_WITH_PARENT = '[ "$PPID" = "$0" ] && exec "$@"';

export function findSetpriv(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (process.platform !== 'linux') return undefined;
  return (env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, 'setpriv'))
    .find(file => existsSync(file));
}
