import type { Checker } from './checker.ts';
import { type Judgement, judge } from './judgement.ts';
import type { MemberTree } from './run-record.ts';

export const treeEquality: Checker<'memberTrees'> = {
  name: 'tree equality',
  description: 'members that differ after the heal',
  needs: ['memberTrees'],
  check: ({ memberTrees }) => checkTreeEquality(memberTrees),
};

/** After the heal, all members hold the same tree at the same zxid. One member alone proves nothing. */
export function checkTreeEquality(trees: readonly MemberTree[]): Judgement {
  const [first, ...others] = trees;
  const reasons: string[] = [];
  for (const other of others) {
    if (first === undefined) break;
    if (other.zxid !== first.zxid) {
      reasons.push(`${other.member} is at zxid ${other.zxid}, ${first.member} at ${first.zxid}`);
    } else if (other.digest !== first.digest) {
      reasons.push(
        `${other.member} and ${first.member} differ at zxid ${first.zxid}: ${other.digest}, ${first.digest}`,
      );
    }
  }
  return judge('tree equality', others.length, reasons);
}
