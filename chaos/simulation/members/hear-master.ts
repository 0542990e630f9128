import type { Connection, Network } from '../../../server/runtime/runtime.ts';
import { OBSERVER_MASTER_PORT, QUORUM_PORT } from './server-config.ts';

const MASTER_PORTS: readonly number[] = [QUORUM_PORT, OBSERVER_MASTER_PORT];

/** The same network, which says when a member reads something from its master. */
export function hearMaster(network: Network, onPacket: () => void): Network {
  return {
    listen: (address, events, options) => network.listen(address, events, options),
    addressesOf: (host, done) => network.addressesOf(host, done),
    problemWith: security => network.problemWith(security),
    connect(address, timeoutMs, events, security) {
      if (!MASTER_PORTS.includes(address.port)) return network.connect(address, timeoutMs, events, security);
      const onConnected = (connection: Connection) => events.onConnected(heard(connection, onPacket));
      const onError = (error: Error) => events.onError(error);
      return network.connect(address, timeoutMs, { onConnected, onError }, security);
    },
  };
}

function heard(connection: Connection, onPacket: () => void): Connection {
  const start = connection.start.bind(connection);
  connection.start = (events, queued) => {
    const onData = (chunk: Buffer) => {
      onPacket();
      events.onData(chunk);
    };
    start({ ...events, onData }, queued);
  };
  return connection;
}
