import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PlugInEvents, PlugInHost } from '../runtime.ts';

/** The server is bundled into a few files at the top of dist/; a plug-in is not part of them. */
const BUNDLE = /\/zklab-server[\w-]*\.js$/;
/** A batch, its messages, and the libraries of a broker. */
const HEAP_MIB_MAX = 192;

/**
 * Plug-ins as child processes. A plug-in ends when the channel closes, so that none outlives a server that
 * was killed.
 */
export const nodePlugIns: PlugInHost = {
  start(events: PlugInEvents) {
    let child: ChildProcess;
    try {
      child = forked();
    } catch (error) {
      // Without memory for another process, Node.js throws.
      setImmediate(() => events.onEnd((error as Error).message));
      return { send() {}, kill() {} };
    }
    // A plug-in that was not started has no id, and the system takes 0 for all processes of this one's group.
    const kill = (): void => {
      if (child.pid) child.kill('SIGKILL');
    };
    let ended = false;
    const end = (reason: string): void => {
      if (ended) return;
      ended = true;
      kill();
      events.onEnd(reason);
    };
    child.on('message', message => {
      if (!ended) events.onMessage(message);
    });
    child.on('error', error => end(error.message));
    child.on('exit', (code, signal) =>
      end(signal === null ? `it ended with code ${code}` : `it ended by ${signal}`),
    );
    return {
      // A child that has ended says so itself. One that lacked a descriptor has no channel, and no `send`.
      send(message) {
        if (child.connected) child.send(message as object, () => {});
      },
      kill,
    };
  },
};

/** The file of the program. @param module the file that this code stands in */
export function plugInProgram(module: string): string {
  const from = BUNDLE.test(module) ? './server/sinks/' : '../../sinks/';
  return fileURLToPath(new URL(`${from}plug-in-main.js`, module));
}

function forked(): ChildProcess {
  return fork(plugInProgram(import.meta.url), [], {
    // Copies buffers as they are.
    serialization: 'advanced',
    // Not those of the server, which may ask for a debugger at a port.
    execArgv: [`--max-old-space-size=${HEAP_MIB_MAX}`],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}
