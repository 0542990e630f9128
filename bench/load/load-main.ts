/**
 * Entry of the load driver's own process: specs in, one after the other, progress and results out, over IPC.
 */

import { endWithParent } from '../hosts/end-with-parent.ts';
import type { FromLoadProcess, ToLoadProcess } from './load-process.ts';
import { runLoad } from './run-load.ts';

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
    await send({ kind: 'failed', message: `${name}: ${text}` });
  }
}

process.on('message', message => void run(message as ToLoadProcess));
// The lab is done with it, or gone, whichever way: a driver that nobody listens to must not go on loading.
endWithParent();
// Ctrl-C reaches the whole process group; the lab decides what becomes of the run.
process.on('SIGINT', () => {});
await send({ kind: 'ready' });
