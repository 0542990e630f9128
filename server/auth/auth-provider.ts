import { AuthenticationProvider } from './authentication-provider.ts';

/** For ACLs alone: no client has an identity of it, and no node keeps an entry of it. */
export class AuthProvider extends AuthenticationProvider {
  readonly scheme = 'auth';
  override readonly standsForAuthor = true;
}
