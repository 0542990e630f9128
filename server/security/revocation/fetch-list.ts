import type { Disk, Timer } from '../../runtime/runtime.ts';
import { ExchangeError, type ExchangeParts, exchange, tooLong } from './http-exchange.ts';

/** Limit on a list of revoked certificates: about 25,000 entries, which take some ms to read. */
export const LIST_BYTES_MAX = 1024 * 1024;

export interface FetchParts extends ExchangeParts {
  readonly disk: Disk;
}

/**
 * Fetches what an http: or file: URL names. Calls `done` once, never during this call, and not after it is
 * cancelled.
 */
export function fetchList(parts: FetchParts, url: string, done: (result: Buffer | Error) => void): Timer {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === 'http:') return exchange(parts, parsed, LIST_BYTES_MAX, done);
  return parts.clock.after(0, () => done(parsed?.protocol === 'file:' ? read(parts, parsed) : UNKNOWN));
}

const UNKNOWN = new ExchangeError('only http: and file: are fetched');

function read({ disk }: FetchParts, { pathname }: URL): Buffer | Error {
  try {
    const path = decodeURIComponent(pathname);
    const bytes = disk.fileInfo(path)?.bytes ?? 0;
    return bytes > LIST_BYTES_MAX ? tooLong(bytes, LIST_BYTES_MAX) : disk.read(path);
  } catch (error) {
    return error as Error;
  }
}
