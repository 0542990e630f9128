import { AuthenticationProvider } from './authentication-provider.ts';

/**
 * A right, not an identity: other schemes grant it to the users in their settings, and no ACL can name it.
 */
export class SuperProvider extends AuthenticationProvider {
  readonly scheme = 'super';
  override readonly passesAnyAcl = true;
}
