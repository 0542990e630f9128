/** Mistakes in reconfigurations. */
import { JointQuorum } from '../../../server/membership/joint-quorum.ts';
import { Membership } from '../../../server/membership/membership.ts';
import type { QuorumVerifier } from '../../../server/membership/quorum-verifier.ts';
import { PeerConfiguration } from '../../../server/quorum/peer-configuration.ts';
import { put, putGetter } from './put.ts';

/** One configuration alone decides while another one is pending. */
function putDecider(decider: (membership: Membership) => QuorumVerifier): () => void {
  const quorums = new WeakMap<QuorumVerifier, JointQuorum>();
  return putGetter(Membership.prototype, 'quorum', membership => {
    const verifier = decider(membership);
    const quorum = quorums.get(verifier) ?? new JointQuorum(verifier);
    quorums.set(verifier, quorum);
    return quorum;
  });
}

export const CONFIGURATION_PLANTS = {
  'a reconfiguration is decided by the old members alone': () =>
    putDecider(({ committed }) => committed.verifier),

  'a reconfiguration is decided by the new members alone': () =>
    putDecider(({ lastSeen }) => lastSeen.verifier),

  /** A member goes by a new configuration as soon as it is proposed. */
  'a configuration is in force before it is committed': () => {
    const { see } = Membership.prototype;
    return put(Membership.prototype, 'see', (membership, configuration, fromZxid) => {
      see.call(membership, configuration, fromZxid);
      membership.commit(configuration);
    });
  },

  /** What a member has logged of a reconfiguration does not count when it votes. */
  'a logged reconfiguration is forgotten in an election': () =>
    put(PeerConfiguration.prototype, 'beginElection', () => true),
} as const;
