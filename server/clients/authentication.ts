import type { ServerConfig } from '../config/server-config.ts';
import { digestId } from '../tree/acl.ts';
import type { Id } from '../wire/acl.ts';

export type AuthenticationSettings = Pick<
  ServerConfig,
  'digestAuthEnabled' | 'digestAlgorithm' | 'superDigest'
>;

/**
 * What a client has proven with an auth packet, or null when it has proven nothing. `ip` needs no proof:
 * every connection has it from the start. Without a colon all of a digest's bytes are the user. @see
 * docs/sessions.md "ACL schemes"; DigestAuthenticationProvider; IPAuthenticationProvider
 */
export function authenticate(
  scheme: string,
  auth: Buffer | null,
  { digestAuthEnabled, digestAlgorithm, superDigest }: AuthenticationSettings,
): Id[] | null {
  if (scheme === 'ip') return [];
  if (scheme !== 'digest' || !digestAuthEnabled || auth === null) return null;
  const userAndPassword = auth.toString('utf8');
  const id = digestId(userAndPassword, digestAlgorithm);
  const ids: Id[] = [{ scheme: 'digest', id }];
  if (id === superDigest) ids.push({ scheme: 'super', id: '' });
  return ids;
}
