import { Observer } from '../learner/observer.ts';
import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { ServerView } from './server-view.ts';

/** The master of an observer, and the last request to change it. @see ObserverMXBean.getLearnerMaster */
export function learnerMaster({ peer }: ServerView) {
  const address = peer?.learner?.masterAddress ?? null;
  const last = peer?.masterChange?.last ?? null;
  return {
    learner_master: address === null ? null : formatAddress(address),
    learner_master_id: peer?.learner?.masterSid ?? null,
    last_request: last === null ? null : { learner_master_id: last.sid, outcome: last.outcome },
  };
}

/** Returns why the request is refused, or null. @see ObserverMXBean.setLearnerMaster */
export function setLearnerMaster({ peer }: ServerView, name: string | undefined): string | null {
  const change = peer?.masterChange ?? null;
  if (change === null || peer?.membership.role !== 'observer')
    return 'only an observer with observerMasterPort can follow another master than the leader';
  if (name === undefined)
    return 'set_learner_master needs learnerMaster=, the sid or the address of a member that votes';
  const role = peer?.role;
  if (!(role instanceof Observer) || !role.synced) return 'this observer has no master at the moment';
  return change.request(role, name);
}
