import { z } from 'zod';
import { memberTargetSchema } from '../mesh/selector-schema.ts';
import type { MemberTarget } from '../mesh/target.ts';
import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses, type Readings } from './fault.ts';
import { wipe } from './parts/data-files.ts';
import { keepDown } from './parts/kill-member.ts';
import { abilityOf, applyToMembers } from './parts/member-fault.ts';
import { chooseMembers } from './parts/process-fault.ts';

export const wipedDataKind: FaultKind<{ readonly target: MemberTarget }> = {
  name: 'wiped-data',
  description: 'a member is killed, loses all its data but myid, and starts empty',
  schema: z.strictObject({ target: memberTargetSchema }),
  stops: 'its targets',
  available: needsProcesses,
  create: wipedData,
  // Of voters only one at a time: a majority without data has lost what was acknowledged, as it must.
  draw(random, { members }) {
    const roles = members.some(({ role }) => role === 'observer') ? ['observer'] : [];
    if (
      members.filter(({ role, implementation }) => role === 'participant' && implementation === 'zklab')
        .length > 2
    )
      roles.push('follower');
    if (roles.length === 0) return undefined;
    const role = random.pick(roles);
    return () => ({ target: { role } });
  },
};

/** A disk that was replaced. The member gets everything from the others again. */
function wipedData({ target }: { readonly target: MemberTarget }): Fault<ProcessFaultContext> {
  return {
    name: 'wiped-data',
    description: wipedDataKind.description,
    async inject(context) {
      const members = await chooseMembers(context, target);
      const removed = new Map<string, number>();
      const pids = new Map(members.map(({ name, pid }) => [name, pid]));
      return applyToMembers(
        members,
        async member => {
          const folders = abilityOf(member, 'dataFolders');
          const comeBack = await keepDown(member);
          try {
            removed.set(member.name, wipe(folders));
          } finally {
            await comeBack();
          }
          return () => member.restart();
        },
        async () => {
          const readings = (of: (name: string) => number): Readings =>
            Object.fromEntries(members.map(({ name }) => [`${name} files`, of(name)]));
          const bit = members.every(({ name, pid }) => removed.get(name)! > 0 && pid !== pids.get(name));
          const how =
            'the files that were removed; a bite is that there were some, and that another process serves without them';
          return { bit, before: readings(name => removed.get(name)!), after: readings(() => 0), how };
        },
      );
    },
  };
}
