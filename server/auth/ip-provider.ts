import { addressBytes, parseIpRange, prefixOf } from '../runtime/addresses/ip-address.ts';
import { type AuthClient, AuthenticationProvider, type AuthStep, proven } from './authentication-provider.ts';
import type { Matcher } from './matcher.ts';

/** An address says where a client is, not who it is. @see IPAuthenticationProvider */
export class IpProvider extends AuthenticationProvider {
  readonly scheme = 'ip';
  override readonly atConnect = true;

  override step(_token: Buffer | null, { host }: AuthClient): AuthStep {
    return proven({ scheme: this.scheme, id: host });
  }

  override isValid(aclId: string): boolean {
    return parseIpRange(aclId) !== null;
  }

  override matches(): Matcher {
    return new RangeMatcher();
  }
}

/** The zone after the address of a client on a link of this machine. ACLs never name it. */
const ZONE = /%.*$/;

/** Permissions by address prefix, by the number of bits of the prefix. */
type Ranges = Map<number, Map<number | string, number>>;

class RangeMatcher implements Matcher {
  readonly #ranges = { 4: new Map() as Ranges, 16: new Map() as Ranges };

  grant(aclId: string, perms: number): void {
    const range = parseIpRange(aclId);
    if (range === null) return;
    const { bytes, bits } = range;
    const ranges = this.#ranges[bytes.length === 4 ? 4 : 16];
    const prefix = prefixOf(bytes, bits);
    const ofLength = ranges.get(bits);
    if (ofLength === undefined) ranges.set(bits, new Map([[prefix, perms]]));
    else ofLength.set(prefix, (ofLength.get(prefix) ?? 0) | perms);
  }

  permsOf(address: string): number {
    const bytes = addressBytes(address.replace(ZONE, ''));
    if (bytes === null) return 0;
    let perms = 0;
    for (const [bits, ofLength] of this.#ranges[bytes.length === 4 ? 4 : 16]) {
      perms |= ofLength.get(prefixOf(bytes, bits)) ?? 0;
    }
    return perms;
  }
}
