import type { ServerConfig } from '../config/server-config.ts';
import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { HttpHost, HttpRequest, HttpResponse } from '../runtime/runtime.ts';
import type { AnswerPump } from '../turns/answer-pump.ts';
import { commandNames, commandPieces } from './commands.ts';
import { HttpAnswer, JSON_TYPE } from './http-answer.ts';
import { meantPath } from './meant-path.ts';
import type { ServerView } from './server-view.ts';

/** The parts from which answers are made. */
export interface AdminParts {
  readonly view: ServerView;
  readonly answers: AnswerPump;
  /** admin.commandURL */
  readonly commandUrl: string;
}

/** AdminServer over HTTP. A port that is taken is a warning: the server itself does not depend on it. */
export function startAdminServer(
  http: HttpHost,
  parts: { readonly view: ServerView; readonly answers: AnswerPump },
  config: ServerConfig,
  logger: Logger,
): { close(): void } {
  if (!config.adminEnabled) return { close() {} };
  const address = { host: config.adminAddress, port: config.adminPort };
  const commandUrl = config.adminCommandUrl;
  return http.listen(
    address,
    request => answer(request, { ...parts, commandUrl }),
    (error, port) => {
      if (error === undefined) logger.info('AdminServer listens', { port, commands: commandUrl });
      else logger.warn(`AdminServer cannot listen on ${formatAddress(address)}: ${error.message}`);
    },
  );
}

const ALLOWED = { allow: 'GET, HEAD, OPTIONS' };

export function answer(request: HttpRequest, parts: AdminParts): HttpResponse | Promise<HttpResponse> {
  return answerMethods(request, () => get(request, parts));
}

/**
 * The status codes are those of upstream's Jetty, except for TRACE, which Jetty lists as allowed and then
 * forbids.
 */
export function answerMethods(
  { method }: HttpRequest,
  get: () => HttpResponse | Promise<HttpResponse>,
): HttpResponse | Promise<HttpResponse> {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return get();
    case 'OPTIONS':
      return { status: 200, contentType: '', headers: ALLOWED, body: '' };
    case 'POST':
    case 'PUT':
    case 'DELETE':
      return {
        ...textResponse(405, `${method} is not accepted, only GET, HEAD and OPTIONS\n`),
        headers: ALLOWED,
      };
    case 'TRACE':
      return textResponse(403, 'TRACE is not accepted\n');
    default:
      return textResponse(501, `${method} is not known, only GET, HEAD and OPTIONS are\n`);
  }
}

function get(
  request: HttpRequest,
  { view, answers, commandUrl }: AdminParts,
): HttpResponse | Promise<HttpResponse> {
  const path = meantPath(request.path);
  if (path === undefined) return textResponse(400, 'the path of the request is no valid path of a URL\n');
  if (path === commandUrl || path === `${commandUrl}/`) {
    const links = commandNames().map(name => `<a href="${commandUrl}/${name}">${name}</a>\n<br/>\n`);
    return { status: 200, contentType: 'text/html', body: links.join('') };
  }
  if (!path.startsWith(`${commandUrl}/`))
    return textResponse(404, `nothing here; commands are under ${commandUrl}\n`);
  const name = path.slice(commandUrl.length + 1);
  const pieces = commandPieces(name, view, request.query);
  const form = { headersOnly: request.method === 'HEAD', contentType: JSON_TYPE };
  return HttpAnswer.of(`the AdminServer command ${name}`, pieces, answers, form);
}

export function textResponse(status: number, body: string): HttpResponse {
  return { status, contentType: 'text/plain', body };
}
