import { AuthenticationProvider } from './authentication-provider.ts';

/** Exists only in requested ACLs: no client has such an identity, and no node keeps such an entry. */
export class AuthProvider extends AuthenticationProvider {
  readonly scheme = 'auth';
  override readonly standsForAuthor = true;
}
