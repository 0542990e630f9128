import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { endWithParent } from '../../../bench/hosts/end-with-parent.ts';
import { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import { toxiproxyApi } from './api.ts';
import { proxyMetrics } from './metrics.ts';
import { ProxyCollection } from './proxy-collection.ts';

/**
 * Runs the stand-in as a process. By hand: node dist/chaos/toxiproxy/stand-in/main.js --port 8474. When the
 * lab starts it, it sends its port over the IPC channel and ends when that channel closes, so it dies with
 * its parent, however the parent dies.
 */
const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8474' },
    seed: { type: 'string', default: '1' },
  },
});

const { registry, countersOf } = proxyMetrics();
const proxies = new ProxyCollection(new SeededRandom(values.seed), countersOf);
const api = toxiproxyApi(proxies, registry, values.host);

endWithParent();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void shutDown());

await api.listen({ host: values.host, port: Number(values.port) });
const { port } = api.server.address() as AddressInfo;
console.log(`Toxiproxy stand-in on http://${values.host}:${port}, seed ${values.seed}`);
process.send?.({ port });

async function shutDown(): Promise<void> {
  await proxies.close();
  await api.close();
  process.exit(0);
}
