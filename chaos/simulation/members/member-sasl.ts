import type { Disk } from '../../../server/runtime/runtime.ts';
import type { Settings } from '../settings.ts';
import { CONF_FOLDER, JAAS_PATH } from './member-files.ts';

/**
 * Members authenticate, but accept peers that do not, so that any message can still be sent to every port.
 */
export const SASL_SETTINGS: Settings = {
  'quorum.auth.enableSasl': 'true',
  'quorum.auth.learnerRequireSasl': 'true',
};

const JAAS = `QuorumServer { org.apache.zookeeper.server.auth.DigestLoginModule required user_member="secret"; };
QuorumLearner { org.apache.zookeeper.server.auth.DigestLoginModule required username="member" password="secret"; };
`;

/** What an operator puts on the disk of a member that authenticates. */
export function writeJaasFile(disk: Disk): void {
  disk.makeDirectory(CONF_FOLDER);
  const file = disk.open(JAAS_PATH, 'w');
  file.writeAt(0, Buffer.from(JAAS));
  file.syncNow();
  file.close();
  disk.syncDirectory(CONF_FOLDER);
}
