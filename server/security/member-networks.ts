import type { ServerConfig } from '../config/server-config.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Network, Runtime } from '../runtime/runtime.ts';
import { type ElectionNetwork, plainElection } from './election-network.ts';
import { QuorumSecurity } from './quorum-security.ts';
import { MemberAuth } from './sasl/member-auth.ts';
import { saslNetworks } from './sasl/sasl-network.ts';
import { securedNetwork } from './secured-network.ts';

export interface MemberNetworks {
  /** The network of quorum ports and observer master ports. */
  readonly network: Network;
  /** The network of election ports. */
  readonly election: ElectionNetwork;
  close(): void;
}

/**
 * The networks between members, with TLS and SASL if the configuration asks for them. @throws ServerError
 * ZK_KEY_STORE, ZK_JAAS
 */
export function memberNetworks(
  runtime: Pick<Runtime, 'clock' | 'disk' | 'network' | 'secret'>,
  logger: Logger,
  { quorumTls, quorumSasl }: Pick<ServerConfig, 'quorumTls' | 'quorumSasl'>,
): MemberNetworks {
  const { clock, disk, secret } = runtime;
  const auth = quorumSasl === undefined ? null : new MemberAuth({ disk, logger, secret }, quorumSasl);
  const parts = { clock, logger };
  const security =
    quorumTls === undefined
      ? null
      : new QuorumSecurity({ ...parts, disk, network: runtime.network }, quorumTls);
  const network = security === null ? runtime.network : securedNetwork(runtime.network, security, parts);
  const networks =
    auth === null ? { network, election: plainElection(network) } : saslNetworks(network, auth, parts);
  return { ...networks, close: () => security?.close() };
}
