import type { ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import type { fastify as Fastify, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { NameLookup } from '../addresses/name-lookup.ts';
import type { Address, HttpHandler, HttpHost, Listener, StreamedBody } from '../runtime.ts';
import { ConnectionSeats } from './connection-seats.ts';
import type { DescriptorReserve } from './descriptor-reserve.ts';
import { listenOn } from './node-listener.ts';
import { InputPacer, PacedSocket } from './paced-socket.ts';

/** Limits on HTTP clients, each and together: AdminServer shares the process with ZooKeeper. */
export interface HttpLimits {
  /** Above it the host with most connections loses its oldest. */
  readonly connectionsMax: number;
  readonly bodyBytesMax: number;
  /** Time from the connection, or the first byte after a request, to the end of the headers. */
  readonly headersTimeoutMs: number;
  /** Time to the end of the body. */
  readonly requestTimeoutMs: number;
  /** Longest time without a byte either way, also for a client that does not read the answer. */
  readonly idleTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Interval between checks of these times. */
  readonly checkIntervalMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  connectionsMax: 256,
  bodyBytesMax: 64 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5_000,
  checkIntervalMs: 1_000,
};

/** HTTP with fastify: one catch-all route, since `admin/` decides what a path means. */
export function httpHost(
  names: NameLookup,
  limits: HttpLimits = HTTP_LIMITS,
  reserve?: DescriptorReserve,
): HttpHost {
  const accepts = () => reserve?.allows('client') ?? true;
  return { listen: (address, handler, onReady) => listen(names, limits, accepts, address, handler, onReady) };
}

function listen(
  names: NameLookup,
  limits: HttpLimits,
  accepts: () => boolean,
  address: Address,
  handler: HttpHandler,
  onReady: (error: Error | undefined, port: number) => void,
): { close(): void } {
  let app: FastifyInstance | undefined;
  let listener: Listener | undefined;
  let closed = false;
  const load = async () => {
    // Loaded here, because it takes as long as all the rest of a server that serves no HTTP.
    const { fastify } = await import('fastify');
    if (closed) return;
    app = appFor(fastify, limits, accepts, handler);
    await app.ready();
  };
  const start = () => {
    if (closed || app === undefined) return;
    const { server } = app;
    pace(server, new ConnectionSeats(limits.connectionsMax));
    const serverFor = (onSocket: (socket: Socket) => void) =>
      server.listening ? createServer({ noDelay: true, allowHalfOpen: true }, onSocket) : server;
    listener = listenOn(
      names,
      address,
      { serverFor, accepts },
      {
        onListening: port => onReady(undefined, port),
        onSocket: socket => void server.emit('connection', socket),
        onError: failed => onReady(failed, 0),
      },
    );
  };
  load().then(start, error => closed || onReady(error, 0));
  return {
    close() {
      closed = true;
      listener?.close();
      app?.server.closeAllConnections();
      void app?.close();
    },
  };
}

function appFor(
  fastify: typeof Fastify,
  limits: HttpLimits,
  accepts: () => boolean,
  handler: HttpHandler,
): FastifyInstance {
  const app = fastify({
    bodyLimit: limits.bodyBytesMax,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionTimeout: limits.idleTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    forceCloseConnections: true,
    // All paths are routed alike, and none is refused for its encoding, since `admin/` decides what a path
    // means.
    rewriteUrl: () => '/',
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    },
  });
  app.server.prependListener('connection', socket => accepts() || socket.destroy());
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // The error may name files of this machine, so it goes to the log only.
  app.setErrorHandler<{ statusCode?: number; message: string }>((error, _request, reply) => {
    const status = error.statusCode ?? INTERNAL_ERROR;
    const reason = status < INTERNAL_ERROR ? error.message : 'the request failed';
    return reply.code(status).header('content-type', 'text/plain').send(`${reason}\n`);
  });
  const respond = async (request: FastifyRequest, reply: FastifyReply) => {
    answersOne(request.raw.socket, reply.raw);
    const target = request.originalUrl.replace(ORIGIN, '').replace(/#.*$/, '');
    const answer = await handler({
      method: request.method,
      path: target.split('?', 1)[0] ?? '/',
      query: queryOf(target),
      headers: request.headers as Record<string, string>,
      body: Buffer.isBuffer(request.body) ? request.body : EMPTY,
    });
    const { status, contentType, headers = {}, body } = answer;
    reply.code(status).headers(headers);
    if (contentType !== '') reply.header('content-type', contentType);
    // Sent as bytes, because fastify adds a charset to text, which upstream does not send.
    if (typeof body === 'string') return reply.send(Buffer.from(body, 'utf8'));
    return reply.send(Buffer.isBuffer(body) ? body : readableOf(body));
  };
  app.all('*', respond);
  // Methods that fastify has no routes for, such as PROPFIND.
  app.setNotFoundHandler(respond);
  // Node.js would close the connection without an answer.
  app.server.on('connect', (_request, socket) => socket.end(CONNECT_REFUSED));
  return app;
}

/**
 * Connections reach Node.js's parser through a pacer, because it would answer all requests of a chunk in one
 * turn.
 */
function pace(server: Server, seats: ConnectionSeats): void {
  const pacer = new InputPacer();
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', socket => {
    seats.take(socket);
    const paced = new PacedSocket(socket, pacer);
    for (const listener of listeners) listener.call(server, paced);
  });
}

/**
 * A client's next request waits for the answer to the one before, so few are under way however many it sends.
 */
function answersOne(socket: Duplex, response: ServerResponse): void {
  if (!(socket instanceof PacedSocket)) return;
  socket.hold();
  response.once('close', () => socket.release());
}

/** A client may send an absolute URL, as it does to a proxy. */
const ORIGIN = /^https?:\/\/[^/?#]*/i;

function queryOf(target: string): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  const at = target.indexOf('?');
  if (at < 0) return query;
  for (const [name, value] of new URLSearchParams(target.slice(at + 1))) query[name] ??= value;
  return query;
}

function readableOf(body: StreamedBody): Readable {
  let started = false;
  const stream = new Readable({
    highWaterMark: BODY_HIGH_WATER_BYTES,
    read() {
      if (started) {
        body.drained();
        return;
      }
      started = true;
      body.start({
        write: text => stream.push(text, 'utf8'),
        end: () => void stream.push(null),
        destroy: () => void stream.destroy(new Error('the answer is cut short')),
      });
    },
    destroy(error, done) {
      body.closed();
      done(error);
    },
  });
  return stream;
}

const INTERNAL_ERROR = 500;
const CONNECT_REFUSED = 'HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
/** Bytes that wait in a stream for a slow client, in addition to its socket. */
const BODY_HIGH_WATER_BYTES = 64 * 1024;
const EMPTY = Buffer.alloc(0);
