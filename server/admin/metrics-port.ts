import { PROMETHEUS_PROVIDER } from '../config/metrics-provider.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { HttpHost, HttpRequest, HttpResponse } from '../runtime/runtime.ts';
import type { AnswerPump } from '../turns/answer-pump.ts';
import { answerMethods, textResponse } from './admin-server.ts';
import { HttpAnswer } from './http-answer.ts';
import { meantPath } from './meant-path.ts';
import { prometheusLines } from './prometheus.ts';
import type { ServerView } from './server-view.ts';

interface MetricsParts {
  readonly view: ServerView;
  readonly answers: AnswerPump;
}

const PATH = '/metrics';
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Opens the port that Prometheus scrapes, if the configuration names upstream's provider for it. A port that
 * is taken is only a warning, because the server itself does not depend on it.
 */
export function startMetricsPort(
  http: HttpHost,
  parts: MetricsParts,
  config: ServerConfig,
  logger: Logger,
): { close(): void } {
  if (config.metricsProviderClass !== PROMETHEUS_PROVIDER) return { close() {} };
  const address = { host: config.metricsHost, port: config.metricsPort };
  return http.listen(
    address,
    request => answerMetrics(request, parts),
    (error, port) => {
      if (error === undefined) logger.info('the metrics port listens', { port, path: PATH });
      else logger.warn(`the metrics port cannot listen on ${formatAddress(address)}: ${error.message}`);
    },
  );
}

export function answerMetrics(
  request: HttpRequest,
  { view, answers }: MetricsParts,
): HttpResponse | Promise<HttpResponse> {
  return answerMethods(request, () => {
    if (meantPath(request.path) !== PATH) return textResponse(404, `nothing here; metrics are at ${PATH}\n`);
    const headersOnly = request.method === 'HEAD';
    return HttpAnswer.of('the metrics', prometheusLines(view), answers, {
      headersOnly,
      contentType: CONTENT_TYPE,
    });
  });
}
