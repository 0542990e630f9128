import type { ErrorCodeName } from '../../errors.ts';
import { connectToFirst } from '../../runtime/addresses/connect-to-first.ts';
import type { Logger } from '../../runtime/logging/logger.ts';
import type {
  Address,
  Clock,
  ConnectEvents,
  ListenEvents,
  ListenOptions,
  Network,
  SecurityContext,
  Timer,
} from '../../runtime/runtime.ts';
import type { ElectionNetwork } from '../election-network.ts';
import { RefusedDials } from '../refused-dials.ts';
import type { MemberAuth } from './member-auth.ts';
import { electionPreamble, noPreamble, type Preamble } from './preamble.ts';
import { authenticate } from './sasl-dial.ts';
import { SaslDoor } from './sasl-door.ts';

export interface SaslParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The networks between members with SASL. Those who listen and dial through them get connections whose other
 * end has authenticated, if that is configured. Afterwards nothing of SASL is left on a connection.
 */
export function saslNetworks(
  network: Network,
  auth: MemberAuth,
  parts: SaslParts,
): { readonly network: Network; readonly election: ElectionNetwork } {
  const refused = new RefusedDials(parts, 'ZK_SASL_PEER', 'no SASL with');
  const code: ErrorCodeName = 'ZK_SASL_PEER';

  const listenAfter =
    (preamble: Preamble): Network['listen'] =>
    (address: Address, events: ListenEvents, options?: ListenOptions) => {
      const door = new SaslDoor(parts.clock, () => auth.serverSide(preamble), {
        onConnection: connection => events.onConnection(connection),
        onRefused: (from, reason) => events.onRefused?.(from, reason, code),
      });
      const behind: ListenEvents = {
        ...(events.forClients === undefined ? {} : { forClients: events.forClients }),
        onListening: port => events.onListening(port),
        onConnection: connection => door.take(connection),
        onRefused: (from, reason, why) => events.onRefused?.(from, reason, why),
        onError: error => events.onError(error),
      };
      const listener = network.listen(address, behind, options);
      return {
        get port() {
          return listener.port;
        },
        close() {
          door.close();
          listener.close();
        },
      };
    };

  const introduce = (
    addresses: readonly Address[],
    timeoutMs: number,
    first: Buffer | null,
    events: ConnectEvents,
    security?: SecurityContext,
  ): Timer => {
    const deadlineMs = parts.clock.monotonicMs() + timeoutMs;
    const dialler: Pick<Network, 'connect'> = {
      connect: (address, limitMs, outcome) => network.connect(address, limitMs, outcome, security),
    };
    let current = connectToFirst(dialler, addresses, timeoutMs, {
      onConnected(connection, address) {
        if (first !== null) connection.write(first);
        const side = auth.learnerSide();
        if (side === null) {
          events.onConnected(connection);
          return;
        }
        const limits = { clock: parts.clock, timeoutMs: deadlineMs - parts.clock.monotonicMs() };
        current = authenticate(connection, side, limits, refusal => {
          if (refusal === null) {
            refused.reached(address);
            events.onConnected(connection);
          } else {
            refused.tell(address, refusal.message);
            events.onError(refusal);
          }
        });
      },
      onError: error => events.onError(error),
    });
    return { cancel: () => current.cancel() };
  };

  return {
    network: {
      listen: listenAfter(noPreamble),
      connect: (address, timeoutMs, events, security) =>
        introduce([address], timeoutMs, null, events, security),
      addressesOf: (host, done) => network.addressesOf(host, done),
      problemWith: context => network.problemWith(context),
    },
    election: {
      listen: listenAfter(electionPreamble),
      introduce: (addresses, timeoutMs, first, events) => introduce(addresses, timeoutMs, first, events),
    },
  };
}
