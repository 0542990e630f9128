import type { Id } from '../wire/acl.ts';
import { AuthenticationProvider, type AuthStep, FAILED, proven } from './authentication-provider.ts';
import { digestId, type HashName, userOf } from './digest-id.ts';

export interface DigestSettings {
  /** False: nobody can prove a digest or put one into an ACL, but the hashes in existing ACLs stay secret. */
  readonly digestAuthEnabled: boolean;
  readonly digestAlgorithm: HashName;
  /** The identity of the super user. */
  readonly superDigest: string | undefined;
}

/** A token is "user:password". @see DigestAuthenticationProvider */
export class DigestProvider extends AuthenticationProvider {
  readonly scheme = 'digest';
  override readonly isAuthenticated: boolean;
  readonly #settings: DigestSettings;

  constructor(settings: DigestSettings) {
    super();
    this.#settings = settings;
    this.isAuthenticated = settings.digestAuthEnabled;
  }

  override step(token: Buffer | null): AuthStep {
    const { digestAuthEnabled, digestAlgorithm, superDigest } = this.#settings;
    if (!digestAuthEnabled || token === null) return FAILED;
    const own: Id = { scheme: this.scheme, id: digestId(token.toString('utf8'), digestAlgorithm) };
    return own.id === superDigest ? proven(own, { scheme: 'super', id: '' }) : proven(own);
  }

  /** A valid id has one colon and something after it. */
  override isValid(aclId: string): boolean {
    const colon = aclId.indexOf(':');
    return (
      this.#settings.digestAuthEnabled &&
      colon >= 0 &&
      colon === aclId.lastIndexOf(':') &&
      colon < aclId.length - 1
    );
  }

  override userName(id: string): string {
    return userOf(id);
  }

  override withoutSecret(aclId: string): string {
    return `${userOf(aclId)}:x`;
  }
}
