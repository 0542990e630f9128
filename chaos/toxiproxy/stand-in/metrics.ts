import { Counter, Registry } from 'prom-client';
import type { CountersOf } from './proxy.ts';

/**
 * The names and labels of Toxiproxy's -proxy-metrics. Toxiproxy counts a connection when it ends; the
 * stand-in counts bytes at once.
 */
export function proxyMetrics(): { registry: Registry; countersOf: CountersOf } {
  const registry = new Registry();
  const labelNames = ['direction', 'proxy', 'listener', 'upstream'];
  const counter = (name: string) => new Counter({ name, help: name, labelNames, registers: [registry] });
  const received = counter('toxiproxy_proxy_received_bytes_total');
  const sent = counter('toxiproxy_proxy_sent_bytes_total');
  // Toxiproxy has no such toxics.
  const packetsHit = counter('stand_in_packets_hit_total');
  const countersOf: CountersOf = ({ name, listen, upstream }, direction) => {
    const labels = { direction, proxy: name, listener: listen, upstream };
    const [receivedHere, sentHere] = [received.labels(labels), sent.labels(labels)];
    return {
      received: bytes => receivedHere.inc(bytes),
      sent: bytes => sentHere.inc(bytes),
      packetHit: () => packetsHit.inc(labels),
    };
  };
  return { registry, countersOf };
}
