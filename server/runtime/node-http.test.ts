import * as net from 'node:net';
import { assert, suite, until } from '#test';
import { silentLogger } from './logger.ts';
import { NameLookup } from './name-lookup.ts';
import { HTTP_LIMITS, httpHost } from './node-http.ts';
import type { HttpHandler, HttpRequest } from './runtime.ts';

const test = suite('runtime: HTTP on Node.js');

const LOOPBACK = '127.0.0.1';
const names = new NameLookup(silentLogger);

async function withServer(
  handler: HttpHandler,
  body: (url: string, port: number) => Promise<void>,
  host = httpHost(names),
): Promise<void> {
  let server!: { close(): void };
  const port = await new Promise<number>((resolve, reject) => {
    server = host.listen({ host: LOOPBACK, port: 0 }, handler, (error, bound) =>
      error === undefined ? resolve(bound) : reject(error),
    );
  });
  try {
    await body(`http://${LOOPBACK}:${port}`, port);
  } finally {
    server.close();
  }
}

test('every method and path reaches the handler, with query, headers and body as bytes', async () => {
  const seen: HttpRequest[] = [];
  await withServer(
    request => {
      seen.push(request);
      return { status: 201, contentType: 'text/x-test', body: Buffer.from('done') };
    },
    async url => {
      const answer = await fetch(`${url}/a/b?x=1&y=z%20w`, {
        method: 'PUT',
        headers: { 'x-own': 'yes', 'content-type': 'application/json' },
        body: '{not json',
      });
      assert.equal(
        [answer.status, answer.headers.get('content-type'), await answer.text()],
        [201, 'text/x-test', 'done'],
      );
      const [request] = seen;
      assert.equal(
        [request!.method, request!.path, { ...request!.query }],
        ['PUT', '/a/b', { x: '1', y: 'z w' }],
      );
      assert.equal([request!.headers['x-own'], String(request!.body)], ['yes', '{not json']);
    },
  );
});

test('a handler that throws is a 500, and the next request is served', async () => {
  await withServer(
    ({ path }) => {
      if (path === '/bad') throw new Error('planted');
      return { status: 200, contentType: 'text/plain', body: 'fine' };
    },
    async url => {
      assert.is((await fetch(`${url}/bad`)).status, 500);
      assert.is(await (await fetch(`${url}/good`)).text(), 'fine');
    },
  );
});

test('a body above the limit is refused before the handler', async () => {
  let handled = 0;
  await withServer(
    () => {
      handled++;
      return { status: 200, contentType: 'text/plain', body: '' };
    },
    async url => {
      const answer = await fetch(url, { method: 'POST', body: Buffer.alloc(2 * 1024 * 1024 + 1) });
      assert.equal([answer.status, handled], [413, 0]);
    },
  );
});

test('a taken port is told, not thrown', async () => {
  await withServer(
    () => ({ status: 200, contentType: 'text/plain', body: '' }),
    async (_url, port) => {
      const error = await new Promise<Error | undefined>(resolve => {
        const second = httpHost(names).listen(
          { host: LOOPBACK, port },
          () => ({ status: 200, contentType: 'text/plain', body: '' }),
          e => {
            second.close();
            resolve(e);
          },
        );
      });
      assert.match(error?.message ?? 'none', /EADDRINUSE/);
    },
  );
});

/** A client that sends what it is given, and nothing more. */
class SlowClient {
  readonly #socket: net.Socket;
  received = '';
  closed = false;

  constructor(port: number, sent: string) {
    this.#socket = net.connect(port, LOOPBACK, () => this.#socket.write(sent));
    this.#socket.on('data', chunk => {
      this.received += chunk;
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.closed = true;
    });
  }

  async untilClosed(what: string): Promise<void> {
    await until(() => this.closed, { deadlineMs: 20_000, what });
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

const FINE: HttpHandler = () => ({ status: 200, contentType: 'text/plain', body: 'fine' });
const DEADLINE = { deadlineMs: 60_000 };

test(
  'who says nothing, or no end of headers or body, is closed in time; others are served meanwhile',
  async () => {
    const limits = { ...HTTP_LIMITS, headersTimeoutMs: 1000, requestTimeoutMs: 2000, checkIntervalMs: 50 };
    const slow: Record<string, string> = {
      nothing: '',
      'half a header': 'GET / HTTP/1.1\r\nHost',
      'half a body': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc',
    };
    await withServer(
      FINE,
      async (url, port) => {
        const clients = Object.entries(slow).map(([what, sent]) => ({
          what,
          client: new SlowClient(port, sent),
        }));
        // On a busy machine even an honest client may be late once.
        const isServed = () =>
          fetch(url).then(
            () => true,
            () => false,
          );
        await until(isServed, { deadlineMs: 20_000, what: 'another client to be served' });
        for (const { what, client } of clients) await client.untilClosed(what);
      },
      httpHost(names, limits),
    );
  },
  DEADLINE,
);

test(
  'connections above the limit are closed at once, until others have gone',
  async () => {
    const limits = { ...HTTP_LIMITS, connectionsMax: 3 };
    await withServer(
      FINE,
      async (_url, port) => {
        const asks = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
        const kept = Array.from({ length: 3 }, () => new SlowClient(port, asks));
        for (const client of kept)
          await until(() => client.received.endsWith('fine'), { deadlineMs: 20_000, what: 'an answer' });
        const refused = new SlowClient(port, asks);
        await refused.untilClosed('the fourth to be closed');
        assert.is(refused.received, '');
        kept[0]!.destroy();
        await until(
          async () => {
            const next = new SlowClient(port, asks);
            await until(() => next.closed || next.received !== '', { deadlineMs: 20_000, what: 'an end' });
            next.destroy();
            return next.received.endsWith('fine');
          },
          { deadlineMs: 20_000, what: 'room for another' },
        );
        for (const client of kept) client.destroy();
      },
      httpHost(names, { ...limits, keepAliveTimeoutMs: 60_000 }),
    );
  },
  DEADLINE,
);

test('headers and paths without end are refused, and bounded limits are the default', async () => {
  await withServer(FINE, async (url, port) => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `x${i}: 1\r\n`).join('');
    for (const request of [
      `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\n\r\n`,
      `GET / HTTP/1.1\r\n${lines}\r\n`,
    ]) {
      const client = new SlowClient(port, request);
      await client.untilClosed('a refusal');
      assert.match(client.received, /^HTTP\/1\.1 431 |^$/);
    }
    assert.is(await (await fetch(url)).text(), 'fine');
  });
  for (const [name, limit] of Object.entries(HTTP_LIMITS)) assert.ok(limit > 0, name);
});
