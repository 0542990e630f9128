import { AuthenticationProvider } from './authentication-provider.ts';

/** A right, not an identity: other schemes give it to whom their settings name, and no ACL can. */
export class SuperProvider extends AuthenticationProvider {
  readonly scheme = 'super';
  override readonly passesAnyAcl = true;
}
