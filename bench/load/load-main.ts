/**
 * Entry point of the load driver's process. It receives specs one after the other, and sends progress and
 * results, over IPC.
 */

import { endWithParent } from '../hosts/end-with-parent.ts';
import type { FromLoadProcess, ToLoadProcess } from './load-process.ts';
import { runLoad } from './run-load.ts';
import { SessionError } from './session/session-error.ts';

let abort = new AbortController();

function send(message: FromLoadProcess): Promise<void> {
  return new Promise(resolve => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

async function run(message: ToLoadProcess): Promise<void> {
  if (message.kind === 'stop') {
    abort.abort();
    return;
  }
  abort = new AbortController();
  try {
    const result = await runLoad(
      message.spec,
      abort.signal,
      progress => void send({ kind: 'progress', progress }),
    );
    await send({ kind: 'result', result });
  } catch (error) {
    const { name, message: text } = error as Error;
    await send({ kind: 'failed', message: `${name}: ${text}`, noSession: error instanceof SessionError });
  }
}

process.on('message', message => void run(message as ToLoadProcess));
// The lab no longer needs the driver, or is gone. A driver whose lab is gone must not go on loading.
endWithParent();
// Ctrl-C reaches the whole process group, but the lab decides what happens to the run.
process.on('SIGINT', () => {});
await send({ kind: 'ready' });
