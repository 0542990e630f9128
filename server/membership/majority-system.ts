import { QuorumMaj } from './quorum-maj.ts';
import type { QuorumRules, QuorumSystem } from './quorum-system.ts';

const RULES: QuorumRules = { lines: [], verifier: parts => new QuorumMaj(parts) };

/** The system of every configuration that chooses nothing else. */
export const majoritySystem: QuorumSystem = {
  name: 'majority',
  keys: [],
  read: () => RULES,
  votingKey: () => '',
  keyTitle: '',
};
