import type { Clock, Connection, Disk, Network, Timer } from '../runtime/runtime.ts';

/** Limit on a list of revoked certificates: about 25,000 entries, which take some ms to read. */
export const LIST_BYTES_MAX = 1024 * 1024;
/** Limit on a fetch in all. */
export const FETCH_MS_MAX = 5000;
const HEAD_BYTES_MAX = 64 * 1024;

export interface FetchParts {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly network: Pick<Network, 'connect'>;
}

/** A list that cannot be fetched. The message is the end of a sentence about it. */
class FetchError extends Error {
  override readonly name = 'FetchError';
}

/**
 * Fetches what an http: or file: URL names. Calls `done` once, never during this call, and not after it is
 * cancelled.
 */
export function fetchList(parts: FetchParts, url: string, done: (result: Buffer | Error) => void): Timer {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === 'http:') return get(parts, parsed, done);
  return parts.clock.after(0, () => done(parsed?.protocol === 'file:' ? read(parts, parsed) : UNKNOWN));
}

const UNKNOWN = new FetchError('only http: and file: are fetched');

function read({ disk }: FetchParts, { pathname }: URL): Buffer | Error {
  try {
    const path = decodeURIComponent(pathname);
    const bytes = disk.fileInfo(path)?.bytes ?? 0;
    return bytes > LIST_BYTES_MAX ? tooLong(bytes) : disk.read(path);
  } catch (error) {
    return error as Error;
  }
}

/** HTTP/1.0, so that the answer comes in one piece and ends with the connection. */
function get({ clock, network }: FetchParts, url: URL, done: (result: Buffer | Error) => void): Timer {
  let open: Connection | undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    dial.cancel();
    deadline.cancel();
    open?.destroy('the fetch is over');
  };
  const finish = (result: Buffer | Error): void => {
    if (isOver) return;
    stop();
    done(result);
  };
  const deadline = clock.after(FETCH_MS_MAX, () => finish(new FetchError(`no answer in ${FETCH_MS_MAX} ms`)));
  const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || 80 };
  const dial = network.connect(address, FETCH_MS_MAX, {
    onConnected(connection) {
      open = connection;
      connection.start({
        onData(chunk) {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > HEAD_BYTES_MAX + LIST_BYTES_MAX) finish(tooLong(bytes));
        },
        onClose: () => finish(bodyOf(Buffer.concat(chunks))),
      });
      const path = `${url.pathname}${url.search}`;
      connection.write(Buffer.from(`GET ${path} HTTP/1.0\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`));
    },
    onError: error => finish(error),
  });
  return { cancel: stop };
}

function bodyOf(answer: Buffer): Buffer | Error {
  const headEnd = answer.indexOf('\r\n\r\n');
  const head = answer.subarray(0, Math.max(0, headEnd)).toString('latin1');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (headEnd < 0 || status === undefined) return new FetchError('the answer is not HTTP');
  if (status !== '200') return new FetchError(`the answer is ${status}`);
  const body = answer.subarray(headEnd + 4);
  const length = /^content-length: *(\d+)\r?$/im.exec(head)?.[1];
  if (length !== undefined && Number(length) !== body.length)
    return new FetchError(`the answer has ${body.length} of ${length} bytes`);
  return body.length > LIST_BYTES_MAX ? tooLong(body.length) : body;
}

function tooLong(bytes: number): FetchError {
  return new FetchError(`it has ${bytes} bytes; ${LIST_BYTES_MAX} are accepted`);
}
