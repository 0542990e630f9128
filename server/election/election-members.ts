import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Address } from '../runtime/runtime.ts';

/** What election needs to know of the other servers of a configuration, this one included. */
export type ElectionMembers = ReadonlyMap<number, ElectionMember>;

export interface ElectionMember {
  /**
   * Where the server may be: by the committed configuration, then by the last seen one if it differs. At each
   * place it has at least one address, several with multiAddress.enabled.
   */
  readonly places: readonly (readonly Address[])[];
}

/** Two undefined members count as being at the same addresses. */
export function isAtSameAddresses(a: ElectionMember | undefined, b: ElectionMember | undefined): boolean {
  return keyOf(a) === keyOf(b);
}

/** The order of the addresses of one place does not matter. */
function keyOf(member: ElectionMember | undefined): string | undefined {
  return member?.places.map(addresses => addresses.map(formatAddress).sort().join()).join(' ');
}
