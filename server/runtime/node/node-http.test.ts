import * as net from 'node:net';
import { assert, suite, until } from '#test';
import { NameLookup } from '../addresses/name-lookup.ts';
import { silentLogger } from '../logging/logger.ts';
import type { BodyReader, HttpHandler, HttpRequest, StreamedBody } from '../runtime.ts';
import { HTTP_LIMITS, httpHost } from './node-http.ts';

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

test('a throwing handler is a 500, and the next request is served', async () => {
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

test('field report B9: the client does not see what a handler throws', async () => {
  await withServer(
    () => {
      throw new Error('EIO: /var/lib/zookeeper/version-2/log.1');
    },
    async url => {
      const answer = await fetch(url);
      assert.equal([answer.status, await answer.text()], [500, 'the request failed\n']);
    },
  );
});

test('targets arrive unchanged: percent signs, absolute URLs, repeated names', async () => {
  const seen: string[] = [];
  await withServer(
    ({ path, query }) => {
      seen.push(`${path} ${JSON.stringify(query)}`);
      return { status: 200, contentType: 'application/json', body: '{}' };
    },
    async (_url, port) => {
      const targets = [
        '/a%2fb?x=1&x=2&__proto__=3',
        'http://other:1/a?y=%C3%BF',
        '/%ff',
        '/a#b?c',
        '*',
        '//x',
      ];
      for (const target of targets) {
        const method = target === '*' ? 'OPTIONS' : 'GET';
        const client = new SlowClient(
          port,
          `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
        );
        await client.untilClosed(target);
        assert.match(client.received, /^HTTP\/1\.1 200 /, target);
        assert.match(client.received, /\r\ncontent-type: application\/json\r\n/, target);
      }
    },
  );
  assert.equal(seen, [
    '/a%2fb {"x":"1","__proto__":"3"}',
    '/a {"y":"ÿ"}',
    '/%ff {}',
    '/a {}',
    '* {}',
    '//x {}',
  ]);
});

test('field report D2: a method that fastify has no route for reaches the handler, and CONNECT gets an answer', async () => {
  await withServer(
    ({ method }) => ({ status: 501, contentType: 'text/plain', body: method }),
    async (_url, port) => {
      for (const method of ['PROPFIND', 'PURGE', 'CONNECT']) {
        const client = new SlowClient(port, `${method} /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
        await client.untilClosed(method);
        assert.match(client.received, /^HTTP\/1\.1 501 /, method);
      }
    },
  );
});

const ONE_REQUEST = 'GET /some/path HTTP/1.1\r\nHost: x\r\n\r\n';

test('field report B1: requests in one piece are all answered, over many turns of the loop', async () => {
  const perTurn: number[] = [0];
  let turning = true;
  const turn = (): void => {
    perTurn.push(0);
    if (turning) setImmediate(turn);
  };
  turn();
  const count = 2000;
  await withServer(
    () => {
      perTurn[perTurn.length - 1]!++;
      return { status: 200, contentType: 'text/plain', body: '.' };
    },
    async (_url, port) => {
      const client = new SlowClient(port, ONE_REQUEST.repeat(count));
      await until(() => client.received.split('\r\n\r\n.').length > count, {
        ...DEADLINE,
        what: 'all answers',
      });
      client.destroy();
    },
  );
  turning = false;
  assert.is(
    perTurn.reduce((sum, each) => sum + each, 0),
    count,
  );
  assert.ok(Math.max(...perTurn) <= 2 * REQUESTS_OF_A_PIECE, `${Math.max(...perTurn)} in one turn`);
});

/** Requests in 256 bytes, and one that began in the piece before. */
const REQUESTS_OF_A_PIECE = Math.ceil(256 / ONE_REQUEST.length) + 1;

test('later requests wait for the answer before them, so few are under way, however many are sent', async () => {
  const answers: (() => void)[] = [];
  await withServer(
    () =>
      new Promise(resolve =>
        answers.push(() => resolve({ status: 200, contentType: 'text/plain', body: '.' })),
      ),
    async (_url, port) => {
      const client = new SlowClient(port, ONE_REQUEST.repeat(100));
      const other = new SlowClient(port, ONE_REQUEST);
      await until(() => answers.length > 1, { ...DEADLINE, what: 'the first requests of both' });
      for (let done = 0; done < 101; done++) {
        await until(() => answers.length > done, { ...DEADLINE, what: 'the next request' });
        assert.ok(answers.length - done <= REQUESTS_OF_A_PIECE + 1, `${answers.length - done} under way`);
        answers[done]!();
      }
      await until(() => client.received.split('\r\n\r\n.').length > 100, {
        ...DEADLINE,
        what: 'all answers',
      });
      client.destroy();
      other.destroy();
    },
  );
});

/** A body of this many pieces of 16 KiB. `events` records what the server did with it. */
class Pieces implements StreamedBody {
  readonly events: string[] = [];
  #left: number;
  readonly #fails: boolean;
  #reader: BodyReader | null = null;

  constructor(count: number, fails = false) {
    this.#left = count;
    this.#fails = fails;
  }

  start(reader: BodyReader): void {
    this.#reader = reader;
    this.drained();
  }

  drained(): void {
    while (this.#left > 0) {
      this.#left--;
      if (!this.#reader!.write(PIECE)) return;
    }
    if (this.#fails) this.#reader!.destroy();
    else this.#reader!.end();
  }

  closed(): void {
    this.events.push('closed');
  }

  get left(): number {
    return this.#left;
  }
}

const PIECE = 'x'.repeat(16 * 1024);
const MANY_PIECES = 2000;

test('a body that is made while it is sent arrives complete, also by HTTP/1.0; HEAD sends none of it', async () => {
  const bodies: Pieces[] = [];
  await withServer(
    () => {
      bodies.push(new Pieces(MANY_PIECES));
      return { status: 200, contentType: 'application/json', body: bodies.at(-1)! };
    },
    async (url, port) => {
      assert.is((await (await fetch(url)).text()).length, MANY_PIECES * PIECE.length);
      const old = new SlowClient(port, 'GET / HTTP/1.0\r\n\r\n');
      await old.untilClosed('the answer');
      assert.is(old.received.split('\r\n\r\n')[1]?.length, MANY_PIECES * PIECE.length);
      await until(() => bodies.every(({ events }) => events.length === 1), { ...DEADLINE, what: 'the ends' });
    },
  );
});

test('a body that fails ends the connection, so that a client can tell', async () => {
  await withServer(
    () => ({ status: 200, contentType: 'text/plain', body: new Pieces(100, true) }),
    async url => {
      const answer = await fetch(url);
      const outcome = await answer.text().then(
        () => 'whole',
        () => 'broken',
      );
      assert.equal([answer.status, outcome], [200, 'broken']);
    },
  );
});

test('field report B4: a slow reader gets all of a long body; one that reads nothing is cut off, and the body stops', async () => {
  const body = { slow: new Pieces(MANY_PIECES), stopped: new Pieces(100_000) };
  await withServer(
    ({ path }) => ({
      status: 200,
      contentType: 'text/plain',
      body: path === '/slow' ? body.slow : body.stopped,
    }),
    async (_url, port) => {
      const asks = (path: string) => `GET ${path} HTTP/1.0\r\n\r\n`;
      const stopped = new SlowClient(port, asks('/stopped'));
      stopped.pause();
      const slow = new SlowClient(port, asks('/slow'));
      slow.pauseAfterEach(2);
      await slow.untilClosed('all of it');
      assert.is(slow.received.split('\r\n\r\n')[1]?.length, MANY_PIECES * PIECE.length);
      await until(() => body.stopped.events.length > 0, {
        ...DEADLINE,
        what: 'the one that stopped to be cut',
      });
      assert.ok(body.stopped.left > 50_000, `${body.stopped.left} pieces were not made`);
      stopped.destroy();
    },
    httpHost(names, { ...HTTP_LIMITS, idleTimeoutMs: 2000 }),
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

test('a taken port is reported, not thrown', async () => {
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

/** A client that sends only what it is given. */
class SlowClient {
  readonly #socket: net.Socket;
  received = '';
  connected = false;
  closed = false;

  constructor(port: number, sent: string, localAddress = LOOPBACK) {
    this.#socket = net.connect({ port, host: LOOPBACK, localAddress }, () => {
      this.connected = true;
      this.#socket.write(sent);
    });
    this.#socket.on('data', chunk => {
      this.received += chunk;
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.closed = true;
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  pauseAfterEach(ms: number): void {
    this.#socket.on('data', () => {
      this.#socket.pause();
      setTimeout(() => this.#socket.resume(), ms);
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
  'a client that sends nothing, or no end of its headers or body, is closed in time; others are served meanwhile',
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
  'field report B: one host that keeps as many connections as there may be keeps nobody out, and loses its oldest',
  async () => {
    const limits = { ...HTTP_LIMITS, connectionsMax: 4, headersTimeoutMs: 60_000 };
    await withServer(
      FINE,
      async (url, port) => {
        const half = 'GET / HTTP/1.1\r\nHost';
        const others = new SlowClient(port, half, '127.0.0.2');
        await until(() => others.connected, { deadlineMs: 20_000, what: 'the one of another host' });
        const greedy: SlowClient[] = [];
        for (let i = 0; i < 12; i++) {
          const client = new SlowClient(port, half);
          greedy.push(client);
          await until(() => client.connected, { deadlineMs: 20_000, what: `connection ${i}` });
        }
        for (const client of greedy.slice(0, 9)) await client.untilClosed('an old one');
        assert.equal(
          greedy.slice(9).map(({ closed }) => closed),
          [false, false, false],
        );
        assert.is(await (await fetch(url)).text(), 'fine');
        assert.not.ok(others.closed);
        for (const client of [others, ...greedy]) client.destroy();
      },
      httpHost(names, limits),
    );
  },
  DEADLINE,
);

test('endless headers and paths are refused, and the default limits are bounded', async () => {
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
