import { digestId } from '../tree/acl.ts';
import type { Id } from '../wire/acl.ts';

/** Identities go with every write that a learner forwards, and the leader ends a connection that carries larger ones. */
const IDENTITY_BYTES_MAX = 1024;
export const IDENTITIES_MAX = 100;

/**
 * What a client has proven with an auth packet, or null when it has proven nothing. `ip` needs no proof: every
 * connection has it from the start. Without a colon all of a digest's bytes are the user. @see facts section 8;
 * DigestAuthenticationProvider, IPAuthenticationProvider
 */
export function authenticate(
  scheme: string,
  auth: Buffer | null,
  superDigest: string | undefined,
): Id[] | null {
  if (scheme === 'ip') return [];
  if (scheme !== 'digest' || auth === null) return null;
  const userAndPassword = auth.toString('utf8');
  const id = digestId(userAndPassword);
  if (Buffer.byteLength(id) > IDENTITY_BYTES_MAX) return null;
  const ids: Id[] = [{ scheme: 'digest', id }];
  if (id === superDigest) ids.push({ scheme: 'super', id: '' });
  return ids;
}
