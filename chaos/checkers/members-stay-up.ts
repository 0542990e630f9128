import type { Checker } from './checker.ts';
import { judge } from './judgement.ts';

/** No process of a member ended but those that the lab ended. */
export const membersStayUp: Checker<'deaths'> = {
  name: 'members stay up',
  description: 'a member that ended by itself: it crashed, it ran out of memory, or somebody else killed it',
  needs: ['deaths'],
  check: ({ deaths: { ended, members } }) => judge(membersStayUp.name, members, ended),
};
