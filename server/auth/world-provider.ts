import type { Id } from '../wire/acl.ts';
import { AuthenticationProvider } from './authentication-provider.ts';

/** The identity that every client has without proof. */
export const ANYONE: Id = { scheme: 'world', id: 'anyone' };

export class WorldProvider extends AuthenticationProvider {
  readonly scheme = ANYONE.scheme;

  override isValid(aclId: string): boolean {
    return aclId === ANYONE.id;
  }
}
