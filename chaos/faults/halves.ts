import { shuffled } from '../mesh/target.ts';
import { apart, type PartitionShape, partitionKind } from './parts/partition.ts';

export const HALVES: PartitionShape = {
  name: 'halves',
  description: 'two random halves of all members do not reach each other',
  votersMin: 1,
  membersMin: 2,
  divide(members, random) {
    const names = shuffled(members, random).map(({ name }) => name);
    const middle = Math.floor(names.length / 2);
    return apart(names.slice(0, middle), names.slice(middle));
  },
};

export const halvesKind = partitionKind(HALVES);
