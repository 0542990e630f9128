import type { Address, ConnectEvents, Network, Timer } from '../runtime/runtime.ts';

/** What an election needs of the network. */
export interface ElectionNetwork extends Pick<Network, 'listen'> {
  /**
   * Connects, says `first`, and authenticates where that is asked for. On the election port SASL comes behind
   * the message that says who dials.
   */
  introduce(address: Address, timeoutMs: number, first: Buffer, events: ConnectEvents): Timer;
}

/** Members do not authenticate. */
export function plainElection(network: Network): ElectionNetwork {
  return {
    listen: (address, events, options) => network.listen(address, events, options),
    introduce: (address, timeoutMs, first, events) =>
      network.connect(address, timeoutMs, {
        onConnected(connection) {
          connection.write(first);
          events.onConnected(connection);
        },
        onError: error => events.onError(error),
      }),
  };
}
