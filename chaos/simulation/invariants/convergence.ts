import type { Judgement } from '../../checkers/judgement.ts';
import type { MemberTree } from '../../checkers/run-record.ts';
import type { World } from '../world.ts';

export function servingVoters(world: World): Set<number> {
  const serving = world.specs.filter(({ sid, role }) => role === 'participant' && world.state(sid)?.serving);
  return new Set(serving.map(({ sid }) => sid));
}

/** Whether every member of the newest configuration serves, at the same last transaction. */
export function haveConverged(world: World): boolean {
  const { present, journal } = world;
  const states = present.map(({ sid }) => world.state(sid));
  // A new epoch in which nobody writes, as clients with local sessions may not.
  const last = journal.lastTransaction(states[0]?.zxid ?? 0);
  return states.every(s => s?.serving === true && journal.lastTransaction(s.zxid) === last);
}

/** The digest of each member's tree, and the transaction it is of. */
export function memberTrees(world: World): MemberTree[] {
  return world.present.flatMap(({ sid, name }) => {
    const state = world.state(sid);
    if (state === undefined) return [];
    return [{ member: name, zxid: world.journal.lastTransaction(state.zxid), digest: state.treeDigest }];
  });
}

/** Says of members that have not converged within `deadlineMs` where each of them stands. */
export function divergence(world: World, deadlineMs: number): Judgement {
  const states = world.present.map(({ sid, name }) => {
    const state = world.state(sid);
    if (state === undefined) return `${name} is down`;
    const { mode, serving, zxid } = state;
    return `${name} ${mode} ${serving ? 'serves' : 'does not serve'} at ${zxid.toString(16)}`;
  });
  const reason = `not all members agree ${deadlineMs} ms after the heal: ${states.join(', ')}`;
  return { checker: 'convergence', valid: 'invalid', reasons: [reason], checked: states.length };
}
