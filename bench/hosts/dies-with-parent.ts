/** Makes a command end with the lab that started it, even if the lab is killed with SIGKILL. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Changes to the environment; undefined removes a variable. @default the lab's environment as it is */
  readonly env?: Readonly<Record<string, undefined>>;
}

/**
 * Guards processes that cannot watch their parent. setpriv (util-linux) requests SIGKILL at the parent's
 * death and then becomes the command, so the pid is that of the command. Without setpriv, the reaper of the
 * next run ends them. When the parent died before setpriv requested the signal, the shell behind setpriv
 * notices that its parent is another one.
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
