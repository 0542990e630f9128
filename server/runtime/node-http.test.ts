import { assert, suite } from '#test';
import { nodeHttp } from './node-http.ts';
import type { HttpHandler, HttpRequest } from './runtime.ts';

const test = suite('runtime: HTTP on Node.js');

const LOOPBACK = '127.0.0.1';

async function withServer(
  handler: HttpHandler,
  body: (url: string, port: number) => Promise<void>,
): Promise<void> {
  let server!: { close(): void };
  const port = await new Promise<number>((resolve, reject) => {
    server = nodeHttp.listen({ host: LOOPBACK, port: 0 }, handler, (error, bound) =>
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
        const second = nodeHttp.listen(
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
