import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { ApiError, errorBody } from './api-error.ts';
import { isFromHere } from './origin.ts';
import type { Population, ProxyCollection } from './proxy-collection.ts';
import { toxicJson } from './toxic.ts';
import { STAND_IN_VERSION } from './version.ts';

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
/** The paths, and what each method does there. Any other method is answered with 405. */
type Routes = Record<string, Partial<Record<Method, Handler>>>;

const ALL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const;
/** Toxiproxy has no limit. A request for thousands of proxies is far below this one. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** Toxiproxy's HTTP API over a collection of proxies. */
export function toxiproxyApi(
  proxies: ProxyCollection,
  metrics: Registry,
  listensOn = '127.0.0.1',
): FastifyInstance {
  const app = Fastify({ exposeHeadRoutes: false, forceCloseConnections: true, bodyLimit: BODY_BYTES_MAX });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    // Fastify refuses an invalid media type before any parser sees it.
    request.raw.headers['content-type'] = 'application/json';
    // A page in a browser must not be able to control it.
    if (request.headers['user-agent']?.startsWith('Mozilla/'))
      await reply.code(403).send('User agent not allowed\n');
    else if (!isFromHere(request.headers, listensOn)) await reply.code(403).send('Host not allowed\n');
  });
  app.addHook('onSend', async (_request, reply) => {
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8')
      reply.header('content-type', 'application/json');
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('404 page not found\n'));
  app.setErrorHandler((error, _request, reply) => {
    const body = errorBody(error);
    // As text with a line end, as Go's http.Error writes it.
    return reply
      .code(body.status)
      .type('text/plain; charset=utf-8')
      .send(`${JSON.stringify(body)}\n`);
  });
  for (const [url, handlers] of Object.entries(routes(proxies, metrics))) {
    for (const method of ALL_METHODS) {
      const handler = (handlers as Partial<Record<string, Handler>>)[method];
      app.route({ method, url, handler: handler ?? ((_request, reply) => reply.code(405).send()) });
    }
  }
  return app;
}

function routes(proxies: ProxyCollection, metrics: Registry): Routes {
  return {
    '/version': {
      GET: (_, reply) =>
        reply.type('application/json;charset=utf-8').send(`{"version": "${STAND_IN_VERSION}"}\n`),
    },
    '/metrics': {
      GET: async (_, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
    },
    '/populate': {
      POST: async (request, reply) => sendPopulation(reply, await proxies.populate(jsonOf(request))),
    },
    '/reset': {
      POST: async (_, reply) => {
        await proxies.reset();
        return reply.code(204).send();
      },
    },
    ...proxyRoutes(proxies),
    ...toxicRoutes(proxies),
  };
}

function proxyRoutes(proxies: ProxyCollection): Routes {
  const update: Handler = async request => (await proxies.update(proxyName(request), jsonOf(request))).json();
  return {
    '/proxies': {
      GET: () => Object.fromEntries(proxies.all().map(proxy => [proxy.name, proxy.json()])),
      POST: async (request, reply) => {
        const proxy = await proxies.create(jsonOf(request));
        return reply.code(201).send(proxy.json());
      },
    },
    '/proxies/:proxy': {
      GET: request => proxies.get(proxyName(request)).json(),
      POST: update,
      PATCH: update,
      DELETE: async (request, reply) => {
        await proxies.remove(proxyName(request));
        return reply.code(204).send();
      },
    },
  };
}

function toxicRoutes(proxies: ProxyCollection): Routes {
  const update: Handler = request => {
    const proxy = proxies.get(proxyName(request));
    return toxicJson(proxy.updateToxic(toxicName(request), jsonOf(request)));
  };
  return {
    '/proxies/:proxy/toxics': {
      GET: request => proxies.get(proxyName(request)).toxicsJson(),
      POST: request => toxicJson(proxies.get(proxyName(request)).addToxic(jsonOf(request))),
    },
    '/proxies/:proxy/toxics/:toxic': {
      GET: request => toxicJson(proxies.get(proxyName(request)).toxic(toxicName(request))),
      POST: update,
      PATCH: update,
      DELETE: async (request, reply) => {
        proxies.get(proxyName(request)).removeToxic(toxicName(request));
        return reply.code(204).send();
      },
    },
  };
}

/** A populate that failed halfway answers with the error and lists the proxies created before it. */
function sendPopulation(reply: FastifyReply, { proxies, error }: Population): FastifyReply {
  // Go encodes an empty list as null.
  const list = proxies.length === 0 ? null : proxies.map(proxy => proxy.json());
  if (error === undefined) return reply.code(201).send({ proxies: list });
  const body = errorBody(error);
  return reply.code(body.status).send({ ...body, proxies: list });
}

/** Parses JSON whatever the content type says, as Toxiproxy does. */
function jsonOf(request: FastifyRequest): unknown {
  try {
    return JSON.parse(String(request.body ?? ''));
  } catch (error) {
    throw new ApiError('badRequestBody', (error as Error).message);
  }
}

function proxyName(request: FastifyRequest): string {
  return (request.params as { proxy: string }).proxy;
}

function toxicName(request: FastifyRequest): string {
  return (request.params as { toxic: string }).toxic;
}
