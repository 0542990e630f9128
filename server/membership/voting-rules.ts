import { parseProperties } from '../properties/properties.ts';
import type { QuorumVerifier } from './quorum-verifier.ts';

/**
 * What of a configuration's text decides: its version, who votes and, with groups, how. Where the voters are
 * does not.
 */
export interface VotingRules {
  readonly version: number;
  readonly voters: readonly number[];
  /** Equal for configurations that have the same quorums. */
  readonly key: string;
}

/** Some hundred bytes for each of a few hundred servers are far below. It has to fit into a vote. */
const TEXT_CHARS_MAX = 256 * 1024;
const SERVER = /^server\.(\d{1,16})$/;
const GROUP = /^group\.-?\d+$/;
const VERSION = /^[0-9a-f]{1,14}$/;

/** Those of a configuration that this server goes by. */
export function votingRulesOf({ version, text, voters }: QuorumVerifier): VotingRules {
  return readVotingRules(text) ?? { version, voters: [...voters], key: [...voters].join() };
}

/**
 * Reads no more of the text than it needs, so that a form of addresses from another version of ZooKeeper is
 * no obstacle. Null for what names no voter at all.
 */
export function readVotingRules(text: string): VotingRules | null {
  if (text.length > TEXT_CHARS_MAX) return null;
  let properties: ReadonlyMap<string, string>;
  try {
    properties = parseProperties(text);
  } catch {
    return null;
  }
  const voters: number[] = [];
  const groups: string[] = [];
  for (const [key, value] of properties) {
    const sid = SERVER.exec(key)?.[1];
    if (sid !== undefined && !isObserver(value)) voters.push(Number(sid));
    if (GROUP.test(key)) groups.push(value);
  }
  if (voters.length === 0) return null;
  voters.sort((a, b) => a - b);
  const version = VERSION.exec(properties.get('version')?.trim() ?? '')?.[0] ?? '0';
  const key =
    groups.length === 0 ? voters.join() : `${voters.join()} ${groupsKey(groups, properties, voters)}`;
  return { version: Number.parseInt(version, 16), voters, key };
}

/** `host:port:port[:role][;client]` */
function isObserver(line: string): boolean {
  return /:observer$/i.test((line.split(';', 1)[0] ?? '').trim());
}

/**
 * Each group with the weights of its members. What a group is called, and in which order they stand, makes no
 * difference.
 */
function groupsKey(
  groups: readonly string[],
  properties: ReadonlyMap<string, string>,
  voters: readonly number[],
): string {
  const memberKey = (sid: number) =>
    `${sid}*${Number(properties.get(`weight.${sid}`) ?? (voters.includes(sid) ? 1 : 0))}`;
  const groupKey = (group: string) =>
    group
      .split(':')
      .filter(part => part.trim() !== '')
      .map(Number)
      .sort((a, b) => a - b)
      .map(memberKey)
      .join();
  return groups.map(groupKey).sort().join(' ');
}
