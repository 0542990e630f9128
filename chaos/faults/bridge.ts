import { shuffled } from '../mesh/target.ts';
import { apart, type PartitionShape, partitionKind } from './parts/partition.ts';

/** Both sides reach the bridge, and one of them may elect it, or be followed through it. */
export const BRIDGE: PartitionShape = {
  name: 'bridge',
  description: 'two halves do not reach each other, and both reach one voter between them',
  votersMin: 3,
  membersMin: 3,
  divide(members, random) {
    const inOrder = shuffled(members, random);
    const bridge = inOrder.find(({ isVoter }) => isVoter)!.name;
    const names = inOrder.map(({ name }) => name).filter(name => name !== bridge);
    const middle = Math.floor(names.length / 2);
    const divided = apart(names.slice(0, middle), names.slice(middle));
    return (a, b) => a !== bridge && b !== bridge && divided(a, b);
  },
};

export const bridgeKind = partitionKind(BRIDGE);
