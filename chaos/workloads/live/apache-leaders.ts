/** Which epochs servers of Apache ZooKeeper led, from their logs; see `early-syncs.ts`. */
import { isApache } from '../../../bench/topology/implementation.ts';
import type { Member } from '../../../bench/topology/member.ts';
import { epochOf } from '../../../server/wire/zxid.ts';
import type { ApacheLeaders } from '../../checkers/early-syncs.ts';

/** A leader says so once a quorum follows it, before it answers any client; so do 3.5 to 3.9. */
const LEADS = /starting up and setting last processed zxid: 0x([0-9a-f]+)/g;

export function epochsLedIn(log: string): number[] {
  return [...log.matchAll(LEADS)].map(([, zxid]) => epochOf(Number.parseInt(zxid!, 16)));
}

/** Undefined when no member runs Apache ZooKeeper. */
export function apacheLeadersOf(
  members: readonly Pick<Member, 'clientAddress' | 'log' | 'plan'>[],
): ApacheLeaders | undefined {
  const apache = members.filter(({ plan }) => isApache(plan.implementation));
  if (apache.length === 0) return undefined;
  return Object.fromEntries(
    apache.map(({ clientAddress, log }) => [clientAddress, log.isWhole ? epochsLedIn(log.content()) : 'any']),
  );
}
