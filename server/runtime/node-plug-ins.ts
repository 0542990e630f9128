import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PlugInEvents, PlugInHost } from './runtime.ts';

/** The server is one bundled file; a plug-in is not part of it. */
const BUNDLE = /\/zklab-server\.js$/;
const PROGRAM = BUNDLE.test(import.meta.url) ? './server/sinks/plug-in-main.js' : '../sinks/plug-in-main.js';
/** A batch, its messages, and the libraries of a broker. */
const HEAP_MIB_MAX = 192;

/**
 * Plug-ins as child processes. A plug-in ends when the channel closes, so that none outlives a server that
 * was killed.
 */
export const nodePlugIns: PlugInHost = {
  start(events: PlugInEvents) {
    const child = fork(fileURLToPath(new URL(PROGRAM, import.meta.url)), [], {
      // Copies buffers as they are.
      serialization: 'advanced',
      // Not those of the server, which may ask for a debugger at a port.
      execArgv: [`--max-old-space-size=${HEAP_MIB_MAX}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    let ended = false;
    const end = (reason: string): void => {
      if (ended) return;
      ended = true;
      child.kill('SIGKILL');
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
      // A child that has ended says so itself.
      send: message => void child.send(message as object, () => {}),
      kill: () => void child.kill('SIGKILL'),
    };
  },
};
