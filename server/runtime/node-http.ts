import fastify from 'fastify';
import type { Address, HttpHandler, HttpHost } from './runtime.ts';

const BODY_BYTES_MAX = 2 * 1024 * 1024;

/** HTTP by fastify: one catch-all route, since what a path means is decided in `admin/`. */
export const nodeHttp: HttpHost = {
  listen(address: Address, handler: HttpHandler, onReady) {
    const app = fastify({ bodyLimit: BODY_BYTES_MAX, keepAliveTimeout: 5000, forceCloseConnections: true });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.all('*', async (request, reply) => {
      const answer = await handler({
        method: request.method,
        path: request.url.split('?', 1)[0] ?? '/',
        query: request.query as Record<string, string>,
        headers: request.headers as Record<string, string>,
        body: Buffer.isBuffer(request.body) ? request.body : EMPTY,
      });
      return reply.code(answer.status).type(answer.contentType).send(answer.body);
    });
    app.listen({ host: address.host, port: address.port }, (error, bound) => {
      onReady(error ?? undefined, error ? 0 : Number(new URL(bound).port));
    });
    return { close: () => void app.close() };
  },
};

const EMPTY = Buffer.alloc(0);
