import { type ConfigKey, flag, optionalText } from '../properties/key-kinds.ts';

/** Keys of SASL between members. @see docs/security.md "SASL" */
export const quorumSaslKeys = {
  quorumSaslEnabled: flag('quorum.auth.enableSasl', false, 'members can prove to each other who they are'),
  quorumSaslLearnerRequires: flag(
    'quorum.auth.learnerRequireSasl',
    false,
    'a member proves it when it dials, and asks the same of the other',
  ),
  quorumSaslServerRequires: flag(
    'quorum.auth.serverRequireSasl',
    false,
    'a member that dials without proving it is refused',
  ),
  quorumSaslLearnerContext: optionalText(
    'quorum.auth.learner.saslLoginContext',
    'the section of the JAAS file for dialling; QuorumLearner when absent',
  ),
  quorumSaslServerContext: optionalText(
    'quorum.auth.server.saslLoginContext',
    'the section of the JAAS file for being dialled; QuorumServer when absent',
  ),
} satisfies Record<string, ConfigKey<unknown>>;
