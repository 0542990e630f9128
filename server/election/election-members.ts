import type { Address } from '../runtime/runtime.ts';

/** What election needs to know of the other servers of a configuration, this one included. */
export type ElectionMembers = ReadonlyMap<number, ElectionMember>;

export interface ElectionMember {
  /** At least one: that of the committed configuration, then that of the last seen one, if it differs. */
  readonly electionAddresses: readonly Address[];
}

/** Two that are not there are at the same addresses. */
export function isAtSameAddresses(a: ElectionMember | undefined, b: ElectionMember | undefined): boolean {
  return keyOf(a) === keyOf(b);
}

function keyOf(member: ElectionMember | undefined): string | undefined {
  return member?.electionAddresses.map(({ host, port }) => `${host} ${port}`).join();
}
