import { existsSync } from 'node:fs';
import type { MemberTarget } from '../mesh/target.ts';
import type { FaultMember, ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses, type Readings } from './fault.ts';
import { hasLogged, newestEntries, readBytes, writeBytes } from './parts/data-files.ts';
import { keepDown, killMember } from './parts/kill-member.ts';
import { abilityOf, applyToMembers, untilLogged } from './parts/member-fault.ts';
import { chooseMembers } from './parts/process-fault.ts';
import { type TargetOptions, targeted } from './parts/targeted.ts';

export const flippedByteKind: FaultKind<TargetOptions> = {
  name: 'flipped-byte',
  description: 'a member is killed, a byte of its log changes, and it must refuse to start with that',
  ...targeted,
  stops: 'its targets',
  available: needsProcesses,
  create: flippedByte,
};

/** Checksum and length stand in front of a transaction. Its first bytes are the session that asked for it. */
const IN_TRANSACTION = 20;

/**
 * Bit rot in a transaction that has others behind it, so that no crash can have caused it. A member that
 * started would have lost what it had acknowledged. Healed, the byte is as it was.
 */
function flippedByte({ target }: { readonly target: MemberTarget }): Fault<ProcessFaultContext> {
  return {
    name: 'flipped-byte',
    description: flippedByteKind.description,
    async inject(context) {
      const { random } = context;
      const members = await chooseMembers(context, target);
      const refused = new Map<string, string>();
      for (const member of members) {
        const folders = abilityOf(member, 'dataFolders');
        await untilLogged(member, () => hasLogged(folders, 2), 'two transactions in its newest log');
      }
      return applyToMembers(
        members,
        async member => {
          const folders = abilityOf(member, 'dataFolders');
          const comeBack = await keepDown(member);
          const entries = newestEntries(folders).slice(0, -1);
          if (entries.length === 0) {
            await comeBack();
            throw new Error(
              `${member.name}: its newest log has fewer than two transactions, none of them to damage`,
            );
          }
          const { path, offset } = entries[random.below(entries.length)]!;
          const at = offset + IN_TRANSACTION;
          const right = readBytes(path, at, 1);
          const wrong = Buffer.from([right[0]! ^ 0xff]);
          writeBytes(path, at, wrong);
          refused.set(member.name, await startOn(member, path));
          return async () => {
            if (member.stateOf(member.pid) !== 'gone') await killMember(member);
            // A member that served all the same may have cut or replaced its log.
            if (existsSync(path) && readBytes(path, at, 1).equals(wrong)) writeBytes(path, at, right);
            await comeBack();
          };
        },
        async () => {
          const after: Readings = Object.fromEntries(
            members.map(({ name }) => [`${name} start`, refused.get(name)!]),
          );
          const before: Readings = Object.fromEntries(members.map(({ name }) => [`${name} start`, 'serves']));
          const bit = Object.values(after).every(start => start === 'refused');
          const how = 'a start on the damaged log; a bite is that the member ends, and ours names the log';
          return { bit, before, after, how };
        },
      );
    },
  };
}

/** Whether the member starts on the damaged log. */
async function startOn(member: FaultMember, path: string): Promise<string> {
  try {
    await member.restart({ mayEnd: true });
    return 'serves';
  } catch {
    if (member.stateOf(member.pid) !== 'gone') return 'neither serves nor ends';
    const { implementation = 'zklab', logTail } = member;
    // Apache's server does not name the file.
    const names = implementation !== 'zklab' || (logTail?.().includes(path) ?? true);
    return names ? 'refused' : 'ended for another reason';
  }
}
