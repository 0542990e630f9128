import { closeSync, constants, fstatSync, openSync, type Stats, writeSync } from 'node:fs';
import type { LogDevice } from './log-output.ts';

export const STANDARD_OUTPUT = 1;
export const STANDARD_ERROR = 2;
type StandardStream = typeof STANDARD_OUTPUT | typeof STANDARD_ERROR;

/**
 * Opens standard output or standard error so that a write never blocks. On a pipe that nobody reads, or a
 * stopped terminal, a plain write blocks the whole server forever.
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
  // A socket, as a parent in Node.js gives, and a pipe of another user cannot be opened again. Node.js makes
  // a descriptor non-blocking only when somebody asks for its stream. Nothing is ever written to the stream.
  if (type.isFIFO() || type.isSocket()) (stream === STANDARD_OUTPUT ? process.stdout : process.stderr).fd;
  return stream;
}

/**
 * Opens a separate file description: setting `O_NONBLOCK` on the inherited one would change it for all who
 * share it.
 */
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
