import { parseProperties } from '../properties/properties.ts';
import type { QuorumSystem } from './quorum-system.ts';
import { firstThatApplies, quorumSystems } from './quorum-systems.ts';
import type { QuorumVerifier } from './quorum-verifier.ts';

/**
 * The parts of a configuration's text that decide what a quorum is: its version, who votes, and how. The
 * addresses of voters do not matter.
 */
export interface VotingRules {
  readonly version: number;
  readonly voters: readonly number[];
  readonly system: QuorumSystem;
  /** The voting key of the system. */
  readonly systemKey: string;
  /** Equal for configurations that have the same quorums. */
  readonly key: string;
}

/**
 * Limit on a text, which has to fit into a vote. Some hundred bytes for each of a few hundred servers are far
 * below.
 */
export const CONFIG_TEXT_CHARS_MAX = 256 * 1024;
const SERVER = /^server\.(\d{1,16})$/;
const VERSION = /^[0-9a-f]{1,14}$/;

/** The rules of a configuration that this server goes by. */
export function votingRulesOf(
  { version, text, voters }: QuorumVerifier,
  systems = quorumSystems,
): VotingRules {
  return readVotingRules(text, systems) ?? rulesOf(version, [...voters], new Map(), systems);
}

/**
 * Reads no more of the text than it needs, so that a form of addresses from another version of ZooKeeper is
 * no obstacle. Null when the text names no voter at all.
 */
export function readVotingRules(text: string, systems = quorumSystems): VotingRules | null {
  if (text.length > CONFIG_TEXT_CHARS_MAX) return null;
  let properties: ReadonlyMap<string, string>;
  try {
    properties = parseProperties(text);
  } catch {
    return null;
  }
  const voters: number[] = [];
  for (const [key, value] of properties) {
    const sid = SERVER.exec(key)?.[1];
    if (sid !== undefined && !isObserver(value)) voters.push(Number(sid));
  }
  if (voters.length === 0) return null;
  voters.sort((a, b) => a - b);
  const version = VERSION.exec(properties.get('version')?.trim() ?? '')?.[0] ?? '0';
  return rulesOf(Number.parseInt(version, 16), voters, properties, systems);
}

function rulesOf(
  version: number,
  voters: readonly number[],
  properties: ReadonlyMap<string, string>,
  systems: readonly QuorumSystem[],
): VotingRules {
  return firstThatApplies(systems, system => {
    const systemKey = system.votingKey(properties, voters);
    if (systemKey === null) return null;
    return { version, voters, system, systemKey, key: `${voters.join()} ${system.name} ${systemKey}` };
  });
}

/** `host:port:port[:role][;client]` */
function isObserver(line: string): boolean {
  return /:observer$/i.test((line.split(';', 1)[0] ?? '').trim());
}
