import type { ServerConfig } from '../config/server-config.ts';
import type { ElectionOptions } from '../election/election.ts';

type ConfiguredOptions = Omit<
  ElectionOptions,
  'sid' | 'role' | 'quorum' | 'members' | 'acceptedEpoch' | 'oracle' | 'finalizeWaitMs'
>;

/** What zoo.cfg says about elections. */
export function electionOptions(config: ServerConfig): ConfiguredOptions {
  const { multiAddressEnabled, reachabilityCheckEnabled, quorumCnxnTimeoutMs } = config;
  const checksReachability = multiAddressEnabled && reachabilityCheckEnabled;
  return {
    quorumListenOnAllIPs: config.quorumListenOnAllIPs,
    multiAddressEnabled,
    reachabilityTimeoutMs: checksReachability ? config.reachabilityCheckTimeoutMs : undefined,
    cnxTimeoutMs: config.cnxTimeoutMs,
    helloTimeoutMs: quorumCnxnTimeoutMs > 0 ? quorumCnxnTimeoutMs : config.syncLimitMs,
    tcpKeepAlive: config.tcpKeepAlive,
    bindTriesMax: config.electionPortBindRetry,
    minNotificationIntervalMs: config.minNotificationIntervalMs,
    maxNotificationIntervalMs: config.maxNotificationIntervalMs,
  };
}
