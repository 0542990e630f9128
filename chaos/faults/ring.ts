import { shuffled } from '../mesh/target.ts';
import { type PartitionShape, partitionKind } from './parts/partition.ts';

/**
 * Each voter still reaches a majority, and no two of them reach the same one. With three voters every
 * majority of a ring is all of them. Observers reach everybody.
 */
export const RING: PartitionShape = {
  name: 'ring',
  description: 'each voter reaches a majority, and no two of them the same one',
  votersMin: 4,
  membersMin: 4,
  divide(members, random) {
    const voters = members.filter(({ isVoter }) => isVoter).map(({ name }) => name);
    const ring = shuffled(voters, random);
    const majority = Math.floor(ring.length / 2) + 1;
    // A voter counts itself, and as many on either side.
    const reach = Math.ceil((majority - 1) / 2);
    return (a, b) => {
      const [from, to] = [ring.indexOf(a), ring.indexOf(b)];
      if (from < 0 || to < 0) return false;
      const around = Math.abs(from - to);
      return Math.min(around, ring.length - around) > reach;
    };
  },
};

export const ringKind = partitionKind(RING);
