import type { MemberTarget } from '../mesh/target.ts';
import type { ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses, type Readings } from './fault.ts';
import { hasLogged, newestEntries, readBytes, writeBytes } from './parts/data-files.ts';
import { keepDown } from './parts/kill-member.ts';
import { abilityOf, applyToMembers, untilLogged } from './parts/member-fault.ts';
import { chooseMembers } from './parts/process-fault.ts';
import { type TargetOptions, targeted } from './parts/targeted.ts';

export const tornTailKind: FaultKind<TargetOptions> = {
  name: 'torn-tail',
  description: 'a member is killed while half a transaction is in its log, and restarted',
  ...targeted,
  stops: 'its targets',
  available: needsProcesses,
  create: tornTail,
};

interface Torn {
  readonly path: string;
  readonly offset: number;
  readonly half: Buffer;
}

/**
 * Power loss in the middle of a write: behind the last whole transaction stands the first half of another
 * one, which nobody has acknowledged. Our server has to cut it, and nothing else; Apache's leaves it there.
 */
function tornTail({ target }: { readonly target: MemberTarget }): Fault<ProcessFaultContext> {
  return {
    name: 'torn-tail',
    description: tornTailKind.description,
    async inject(context) {
      const members = await chooseMembers(context, target);
      const torn = new Map<string, Torn>();
      const comeBack = new Map<string, () => Promise<void>>();
      const pids = new Map(members.map(({ name, pid }) => [name, pid]));
      for (const member of members) {
        const folders = abilityOf(member, 'dataFolders');
        await untilLogged(member, () => hasLogged(folders, 1), 'transaction in its newest log');
      }
      // All are damaged before any starts: otherwise some would already write to their logs again.
      try {
        for (const member of members) {
          const folders = abilityOf(member, 'dataFolders');
          comeBack.set(member.name, await keepDown(member));
          const entry = newestEntries(folders).at(-1);
          if (entry !== undefined) torn.set(member.name, tear(entry));
        }
      } catch (error) {
        await Promise.allSettled([...comeBack.values()].map(start => start()));
        throw error;
      }
      const isTorn = (name: string): boolean => {
        const place = torn.get(name);
        return (
          place !== undefined && readBytes(place.path, place.offset, place.half.length).equals(place.half)
        );
      };
      const now = (): Readings =>
        Object.fromEntries(members.map(({ name }) => [`${name} tail`, isTorn(name) ? 'torn' : 'whole']));
      const before = now();
      return applyToMembers(
        members,
        async member => {
          await comeBack.get(member.name)?.();
          return () => member.restart();
        },
        async () => {
          const bit = members.every(
            ({ name, pid }) => before[`${name} tail`] === 'torn' && pid !== pids.get(name),
          );
          const how =
            'the end of the newest log; a bite is that it was torn, and another process serves on it';
          return { bit, before, after: now(), how };
        },
      );
    },
  };
}

/** Writes the first half of a copy of this entry behind it. */
function tear({ path, offset, endOffset }: ReturnType<typeof newestEntries>[number]): Torn {
  const half = readBytes(path, offset, Math.ceil((endOffset - offset) / 2));
  writeBytes(path, endOffset, half);
  return { path, offset: endOffset, half };
}
