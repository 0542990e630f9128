import type { ServerConfig } from '../config/server-config.ts';
import { formatAddress } from '../runtime/host-address.ts';
import type { Logger } from '../runtime/logger.ts';
import type { HttpHost, HttpRequest, HttpResponse } from '../runtime/runtime.ts';
import { commandNames, runCommand } from './commands.ts';
import { toExactJson } from './exact-json.ts';
import type { ServerView } from './server-view.ts';

/** AdminServer over HTTP. A port that is taken is a warning: the server itself does not depend on it. */
export function startAdminServer(
  http: HttpHost,
  view: ServerView,
  config: ServerConfig,
  logger: Logger,
): { close(): void } {
  if (!config.adminEnabled) return { close() {} };
  const address = { host: config.adminAddress, port: config.adminPort };
  return http.listen(
    address,
    request => answer(request, config.adminCommandUrl, view),
    (error, port) => {
      if (error === undefined) logger.info('AdminServer listens', { port, commands: config.adminCommandUrl });
      else logger.warn(`AdminServer cannot listen on ${formatAddress(address)}: ${error.message}`);
    },
  );
}

export function answer(request: HttpRequest, commandUrl: string, view: ServerView): HttpResponse {
  if (request.method !== 'GET') return text(405, `${request.method} is not accepted, only GET\n`);
  const path = request.path.replace(/\/+$/, '');
  if (path === commandUrl) {
    const links = commandNames().map(name => `<a href="${commandUrl}/${name}">${name}</a>\n<br/>\n`);
    return { status: 200, contentType: 'text/html', body: links.join('') };
  }
  if (!path.startsWith(`${commandUrl}/`))
    return text(404, `nothing here; commands are under ${commandUrl}\n`);
  const name = path.slice(commandUrl.length + 1);
  return {
    status: 200,
    contentType: 'application/json',
    body: toExactJson(runCommand(name, view, request.query)),
  };
}

function text(status: number, body: string): HttpResponse {
  return { status, contentType: 'text/plain', body };
}
