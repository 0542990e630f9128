import type { Socket } from 'node:net';

/** Type and major version of the record that every TLS handshake begins with. */
const HANDSHAKE_RECORD = [22, 3] as const;

/**
 * Reads the first bytes of a connection and puts them back. Calls `done` once, with whether they begin a
 * TLS handshake; never when the peer closes before they tell. No peer's first bytes without TLS look like
 * that: the election begins with a negative number, a learner with a packet type. @see UnifiedServerSocket
 */
export function peekTls(socket: Socket, done: (isTls: boolean) => void): { cancel(): void } {
  let first: Buffer = EMPTY;
  const look = (chunk: Buffer): void => {
    first = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
    const known = Math.min(first.length, HANDSHAKE_RECORD.length);
    const isLike = HANDSHAKE_RECORD.slice(0, known).every((byte, i) => first[i] === byte);
    if (isLike && known < HANDSHAKE_RECORD.length) return;
    stop();
    done(isLike);
  };
  const stop = (): void => {
    socket.off('data', look);
    socket.pause();
    if (first.length > 0) socket.unshift(first);
    first = EMPTY;
  };
  socket.on('data', look);
  return { cancel: stop };
}

const EMPTY = Buffer.alloc(0);
