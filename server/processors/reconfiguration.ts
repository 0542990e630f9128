import type { Configuration } from '../membership/configuration.ts';
import type { QuorumVerifier } from '../membership/quorum-verifier.ts';
import { type CurrentConfigurations, type ReconfigRules, reconfigure } from '../membership/reconfigure.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import type { ReconfigRequest } from '../wire/requests.ts';

/** What a leader knows of the ensemble that it may reconfigure. */
export interface ReconfigPart {
  readonly membership: CurrentConfigurations;
  /** Whether a quorum of `next` follows this leader, itself included, and is in sync. */
  isQuorumSynced(next: QuorumVerifier): boolean;
}

/** A configuration is proposed and not committed. */
export function isPending(part: ReconfigPart | null | undefined): boolean {
  if (part == null) return false;
  const { committed, lastSeen } = part.membership;
  return committed.verifier.version !== lastSeen.verifier.version;
}

export interface ReconfigOptions extends ReconfigRules {
  readonly reconfigEnabled: boolean;
  /** Null on a standalone server. */
  readonly part: ReconfigPart | null;
  /** Is told why a reconfiguration is refused; a client gets only the code. */
  readonly onRefused: (reason: string) => void;
}

/**
 * The configuration that a reconfig makes, or the code of its refusal. The permission of the client is not
 * checked.
 */
export function reconfigurationOf(
  asked: ReconfigRequest,
  zxid: number,
  { reconfigEnabled, part, onRefused, ...rules }: ReconfigOptions,
): Configuration | number {
  const refused = (code: number, reason: string): number => {
    onRefused(reason);
    return code;
  };
  if (!reconfigEnabled) return refused(ErrorCode.RECONFIGDISABLED, 'reconfigEnabled is false on this server');
  if (part === null) return refused(ErrorCode.UNIMPLEMENTED, 'a standalone server has no ensemble');
  const next = reconfigure(part.membership, asked, zxid, rules);
  if ('code' in next) return refused(next.code, next.reason);
  if (part.isQuorumSynced(next.verifier)) return next;
  return refused(
    ErrorCode.NEWCONFIGNOQUORUM,
    'no quorum of the new configuration is connected and in sync; start the servers that join, and wait until they follow',
  );
}
