import { ServerError } from '../errors.ts';

/**
 * Turns any error of the disk into the error that callers of storage get. A full disk and a failed sync stop
 * the server.
 */
export function diskError(operation: string, path: string, cause: unknown): ServerError {
  if (cause instanceof ServerError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ServerError('ZK_DISK', `cannot ${operation} ${path}: ${reason}`, { operation, path }, cause);
}

export function onDisk<T>(operation: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw diskError(operation, path, error);
  }
}

/** True when the disk is full, or the user's quota is used up. */
export function isOutOfRoom(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}

/** True when the owner of the file or its directory does not let this user do it. */
export function isForbidden(error: unknown): boolean {
  return ['EPERM', 'EACCES'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  const cause = error instanceof ServerError ? error.cause : error;
  return String((cause as { code?: unknown } | undefined)?.code);
}
