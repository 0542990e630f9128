import { createServer, type Server, type Socket } from 'node:net';
import fastify from 'fastify';
import type { NameLookup } from './name-lookup.ts';
import { listenOn } from './node-listener.ts';
import type { Address, HttpHandler, HttpHost, Listener } from './runtime.ts';

/** What clients may take, each and together: AdminServer shares the process with ZooKeeper. */
export interface HttpLimits {
  readonly connectionsMax: number;
  readonly bodyBytesMax: number;
  /** From the connection, or the first byte after a request, to the end of the headers. */
  readonly headersTimeoutMs: number;
  /** To the end of the body. */
  readonly requestTimeoutMs: number;
  /** Without a byte either way: who does not read the answer, too. */
  readonly idleTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How often those times are looked at. */
  readonly checkIntervalMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  connectionsMax: 256,
  bodyBytesMax: 2 * 1024 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5_000,
  checkIntervalMs: 1_000,
};

/** HTTP by fastify: one catch-all route, since what a path means is decided in `admin/`. */
export function httpHost(names: NameLookup, limits: HttpLimits = HTTP_LIMITS): HttpHost {
  return { listen: (address, handler, onReady) => listen(names, limits, address, handler, onReady) };
}

function listen(
  names: NameLookup,
  limits: HttpLimits,
  address: Address,
  handler: HttpHandler,
  onReady: (error: Error | undefined, port: number) => void,
): { close(): void } {
  const app = fastify({
    bodyLimit: limits.bodyBytesMax,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionTimeout: limits.idleTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    forceCloseConnections: true,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    },
  });
  limited(app.server, limits);
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
  let listener: Listener | undefined;
  let closed = false;
  app.ready(error => {
    if (closed) return;
    if (error) {
      onReady(error, 0);
      return;
    }
    const serverFor = (onSocket: (socket: Socket) => void) =>
      app.server.listening ? limited(createServer({ noDelay: true }, onSocket), limits) : app.server;
    listener = listenOn(
      names,
      address,
      { serverFor },
      {
        onListening: port => onReady(undefined, port),
        onSocket: socket => void app.server.emit('connection', socket),
        onError: failed => onReady(failed, 0),
      },
    );
  });
  return {
    close() {
      closed = true;
      listener?.close();
      app.server.closeAllConnections();
      void app.close();
    },
  };
}

function limited<S extends Server>(server: S, limits: HttpLimits): S {
  server.maxConnections = limits.connectionsMax;
  return server;
}

const EMPTY = Buffer.alloc(0);
