import type { Timer } from '../../runtime/runtime.ts';
import { ExchangeError, type ExchangeParts, exchange } from './http-exchange.ts';

/** Limit on what a responder says about one certificate, with the certificates that prove it. */
export const ANSWER_BYTES_MAX = 16 * 1024;

/** Asks a responder (RFC 6960, appendix A). Calls `done` as `fetchList` does. */
export function askResponder(
  parts: ExchangeParts,
  url: string,
  question: Buffer,
  done: (result: Buffer | Error) => void,
): Timer {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== 'http:')
    return parts.clock.after(0, () => done(new ExchangeError('only http: is asked')));
  const body = { contentType: 'application/ocsp-request', bytes: question };
  return exchange(parts, parsed, ANSWER_BYTES_MAX, done, body);
}
