/** The process of a plug-in: started by `runtime/node/node-plug-ins.ts`, and of no use without it. */
import { readFileSync } from 'node:fs';
import type { FromPlugIn, ToPlugIn } from '../stream/plug-in-messages.ts';
import { CommitStreamPlugIn } from './plug-in.ts';
import { reasonOf } from './sink.ts';
import { sinkNamed } from './sink-registry.ts';

function answer(message: FromPlugIn): void {
  process.send?.(message, undefined, undefined, () => {
    if (message.type === 'failed') process.exit(1);
  });
}

/** The first line of a file. */
function readPassword(path: string): string {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/, 1)[0] ?? '';
  } catch (error) {
    throw new Error(`the password for the broker cannot be read: ${reasonOf(error)}`);
  }
}

const plugIn = new CommitStreamPlugIn({ sinkNamed, readPassword, answer });
process.on('message', message => void plugIn.hear(message as ToPlugIn));
// The observer is gone.
process.on('disconnect', () => process.exit(0));
// A library of a broker has failed outside of every call.
process.on('uncaughtException', error =>
  answer({ type: 'failed', reason: `the plug-in failed: ${reasonOf(error)}` }),
);
// Sent to the whole group of processes by Ctrl-C: the observer stops in its own time.
process.on('SIGINT', () => {});
