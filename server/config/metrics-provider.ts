const PACKAGE = 'org.apache.zookeeper.metrics';

/** Upstream's provider that answers Prometheus on a port of its own. */
export const PROMETHEUS_PROVIDER = `${PACKAGE}.prometheus.PrometheusMetricsProvider`;
/** `mntr` and AdminServer, which this server has with every provider. */
const DEFAULT_PROVIDER = `${PACKAGE}.impl.DefaultMetricsProvider`;

/** What is special about a provider; undefined for the two that this server has. */
export function providerRemark(className: string): string | undefined {
  if (className === PROMETHEUS_PROVIDER || className === DEFAULT_PROVIDER) return undefined;
  return `this server has no such provider; it shows its metrics in mntr and AdminServer, and with ${PROMETHEUS_PROVIDER} to Prometheus`;
}
