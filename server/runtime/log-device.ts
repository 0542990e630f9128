import { closeSync, constants, fstatSync, openSync, type Stats, writeSync } from 'node:fs';
import type { LogDevice } from './log-output.ts';

export const STANDARD_OUTPUT = 1;
export const STANDARD_ERROR = 2;
type StandardStream = typeof STANDARD_OUTPUT | typeof STANDARD_ERROR;

/**
 * Standard output or standard error, such that a write never blocks: on a pipe that nobody reads, or a
 * terminal that was stopped, a plain write holds the whole server for ever.
 */
export function logDevice(stream: StandardStream): LogDevice {
  const fd = nonBlocking(stream);
  return { write: bytes => writeSync(fd, bytes) };
}

function nonBlocking(stream: StandardStream): number {
  const type = fstatSync(stream);
  if (type.isFIFO() || type.isCharacterDevice()) {
    const own = openedAnew(stream, type);
    if (own !== undefined) return own;
  }
  // A socket, which a parent in Node.js gives, and a pipe of another user cannot be opened anew. To ask for
  // its stream is Node.js's one way to make a descriptor non-blocking; nothing is ever written to the stream.
  if (type.isFIFO() || type.isSocket()) (stream === STANDARD_OUTPUT ? process.stdout : process.stderr).fd;
  return stream;
}

/** A description of our own: `O_NONBLOCK` on the one we were given would change it for all who share it. */
function openedAnew(stream: StandardStream, { dev, ino }: Stats): number | undefined {
  let fd: number | undefined;
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    fd = openSync(`/proc/self/fd/${stream}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    const opened = fstatSync(fd);
    if (opened.dev === dev && opened.ino === ino) return fd;
  } catch {
    // No /proc, no permission, or a pipe without a reader.
  }
  if (fd !== undefined) closeSync(fd);
  return undefined;
}
