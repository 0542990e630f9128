import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { isQuorum, type QuorumRules } from './own-quorum.ts';
import type { Settings } from './settings.ts';

/**
 * The members of an ensemble, and which of them decide. Voters have the sids from 1 on, observers follow.
 */
export interface Shape {
  readonly voters: number;
  readonly observers: number;
  /**
   * Sids by group: every voter in one, and perhaps observers. Undefined: a majority of the voters decides.
   */
  readonly groups?: readonly (readonly number[])[] | undefined;
  /** By sid, where the weight is not the usual one. */
  readonly weights?: Readonly<Record<string, number>> | undefined;
  /** Each of the two voters has an oracle; see `failure-detector.ts`. */
  readonly oracle?: true | undefined;
  /**
   * Members may be reconfigured, and this many servers more may join. Undefined: members stay as they are.
   */
  readonly spares?: number | undefined;
  /** Each member has an address on each of two networks. Undefined: it has one address. */
  readonly networks?: 2 | undefined;
}

export const PLAIN_SHAPE: Shape = { voters: 3, observers: 1 };

/** Where the members of an ensemble with an oracle read its answer. */
export const ORACLE_PATH = '/oracle';

const ORACLE_PROBABILITY = 0.08;
const SPARES_PROBABILITY = 0.15;
const GROUPS_PROBABILITY = 0.17;
const NETWORKS_PROBABILITY = 0.12;

/**
 * Most seeds have the plain shape, which is the cheapest one in which a quorum can go on without a voter.
 */
export function drawShape(random: SeededRandom): Shape {
  const shape = drawMembers(random);
  // A reconfiguration names one address for each member.
  const hasTwo = shape.spares === undefined && random.fork('networks').chance(NETWORKS_PROBABILITY);
  return hasTwo ? { ...shape, networks: 2 } : shape;
}

function drawMembers(random: SeededRandom): Shape {
  const drawn = random.float();
  if (drawn < ORACLE_PROBABILITY) return { voters: 2, observers: random.below(2), oracle: true };
  if (drawn < ORACLE_PROBABILITY + GROUPS_PROBABILITY) return drawGroups(random);
  if (drawn > 1 - SPARES_PROBABILITY)
    return { voters: 3, observers: random.below(2), spares: 1 + random.below(2) };
  return PLAIN_SHAPE;
}

const DRAWS_MAX = 50;

function drawGroups(random: SeededRandom): Shape {
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const shape = drawAnyGroups(random);
    if (survivesSomeLoss(shape)) return shape;
  }
  return { voters: 5, observers: 1, groups: [[1, 2, 3], [4], [5]] };
}

function drawAnyGroups(random: SeededRandom): Shape {
  const voters = random.pick([3, 4, 5, 5]);
  const observers = random.pick([0, 1, 1]);
  const groups: number[][] = Array.from({ length: random.pick([1, 2, 3, 3]) }, () => []);
  const weights: Record<string, number> = {};
  for (let sid = 1; sid <= voters; sid++) {
    random.pick(groups).push(sid);
    const weight = random.pick([1, 1, 1, 1, 2, 3, 0]);
    if (weight !== 1) weights[sid] = weight;
  }
  for (let sid = voters + 1; sid <= voters + observers; sid++) {
    if (!random.chance(0.4)) continue;
    random.pick(groups).push(sid);
    // The weight of an observer counts in the total of its group, and never for a quorum.
    weights[sid] = random.chance(0.25) ? 1 : 0;
  }
  return { voters, observers, groups: groups.filter(group => group.length > 0), weights };
}

/** If a quorum needs every voter with weight, each fault is an outage, in which nothing can go wrong. */
function survivesSomeLoss(shape: Shape): boolean {
  const rules = rulesOfShape(shape);
  const { voters, weights } = rules;
  return voters.some(lost => {
    const rest = new Set(voters.filter(sid => sid !== lost));
    return (weights[lost] ?? 1) > 0 && isQuorum(rules, rest);
  });
}

export function rulesOfShape({ voters, groups = [], weights = {} }: Shape): QuorumRules {
  return { voters: Array.from({ length: voters }, (_, at) => at + 1), groups, weights };
}

/** Lines of zoo.cfg beside those of the servers. */
export function shapeSettings({ groups = [], weights = {}, oracle, spares, networks }: Shape): Settings {
  return {
    // Everybody may reconfigure, as there are no passwords here.
    ...(spares === undefined ? {} : { reconfigEnabled: 'true', skipACL: 'yes' }),
    ...Object.fromEntries(groups.map((sids, at) => [`group.${at + 1}`, sids.join(':')])),
    ...Object.fromEntries(Object.entries(weights).map(([sid, weight]) => [`weight.${sid}`, String(weight)])),
    ...(oracle === true ? { oraclePath: ORACLE_PATH } : {}),
    ...(networks === undefined ? {} : { 'multiAddress.enabled': 'true' }),
  };
}
