import { connectToFirst } from '../runtime/addresses/connect-to-first.ts';
import type { Address, ConnectEvents, Network, Timer } from '../runtime/runtime.ts';

/** The network as an election needs it. */
export interface ElectionNetwork extends Pick<Network, 'listen'> {
  /**
   * Connects to the first of these addresses that answers, sends `first`, and authenticates if that is
   * configured. On the election port SASL follows the message that says who dials. Nothing is sent to any
   * other address, because a server of Apache's takes the newest connection of a sid for the only one.
   */
  introduce(addresses: readonly Address[], timeoutMs: number, first: Buffer, events: ConnectEvents): Timer;
}

/** Members do not authenticate. */
export function plainElection(network: Network): ElectionNetwork {
  return {
    listen: (address, events, options) => network.listen(address, events, options),
    introduce: (addresses, timeoutMs, first, events) =>
      connectToFirst(network, addresses, timeoutMs, {
        onConnected(connection) {
          connection.write(first);
          events.onConnected(connection);
        },
        onError: error => events.onError(error),
      }),
  };
}
