import type { Clock, Connection, Network, Timer } from '../../runtime/runtime.ts';

/** Limit on the time of a whole exchange, in ms. */
export const EXCHANGE_MS_MAX = 5000;
const HEAD_BYTES_MAX = 64 * 1024;

export interface ExchangeParts {
  readonly clock: Clock;
  readonly network: Pick<Network, 'connect'>;
}

/** The body of a POST. Without one, the request is a GET. */
export interface ExchangeBody {
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** There was no answer. The message is the end of a sentence about what was asked for. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
}

/**
 * Asks an HTTP server for at most `bytesMax`. Calls `done` once, never during this call, and not after it is
 * cancelled. It uses HTTP/1.0, so that the answer comes in one piece and ends with the connection.
 */
export function exchange(
  { clock, network }: ExchangeParts,
  url: URL,
  bytesMax: number,
  done: (result: Buffer | Error) => void,
  body?: ExchangeBody,
): Timer {
  let open: Connection | undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    dial.cancel();
    deadline.cancel();
    open?.destroy('the exchange is over');
  };
  const finish = (result: Buffer | Error): void => {
    if (isOver) return;
    stop();
    done(result);
  };
  const deadline = clock.after(EXCHANGE_MS_MAX, () =>
    finish(new ExchangeError(`no answer in ${EXCHANGE_MS_MAX} ms`)),
  );
  const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || 80 };
  const dial = network.connect(address, EXCHANGE_MS_MAX, {
    onConnected(connection) {
      open = connection;
      connection.start({
        onData(chunk) {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > HEAD_BYTES_MAX + bytesMax) finish(tooLong(bytes, bytesMax));
        },
        onClose: () => finish(bodyOf(Buffer.concat(chunks), bytesMax)),
      });
      connection.write(requestFor(url, body));
    },
    onError: error => finish(error),
  });
  return { cancel: stop };
}

function requestFor(url: URL, body: ExchangeBody | undefined): Buffer {
  const method = body === undefined ? 'GET' : 'POST';
  const about =
    body === undefined ? '' : `Content-Type: ${body.contentType}\r\nContent-Length: ${body.bytes.length}\r\n`;
  const head = `${method} ${url.pathname}${url.search} HTTP/1.0\r\nHost: ${url.host}\r\n${about}Connection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body?.bytes ?? Buffer.alloc(0)]);
}

function bodyOf(answer: Buffer, bytesMax: number): Buffer | Error {
  const headEnd = answer.indexOf('\r\n\r\n');
  const head = answer.subarray(0, Math.max(0, headEnd)).toString('latin1');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (headEnd < 0 || status === undefined) return new ExchangeError('the answer is not HTTP');
  if (status !== '200') return new ExchangeError(`the answer is ${status}`);
  const body = answer.subarray(headEnd + 4);
  const length = /^content-length: *(\d+)\r?$/im.exec(head)?.[1];
  if (length !== undefined && Number(length) !== body.length)
    return new ExchangeError(`the answer has ${body.length} of ${length} bytes`);
  return body.length > bytesMax ? tooLong(body.length, bytesMax) : body;
}

export function tooLong(bytes: number, bytesMax: number): ExchangeError {
  return new ExchangeError(`it has ${bytes} bytes; ${bytesMax} are accepted`);
}
