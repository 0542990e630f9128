/** Which change of its members an ensemble is asked for next. */
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { ReconfigRequest } from '../../server/wire/requests.ts';
import { versionOf } from '../checkers/configuration-text.ts';

/** A configuration: the line of each server, by its sid. */
export type ServerLines = ReadonlyMap<number, string>;

/** Fewer voters cannot lose one, and faults stop voters meanwhile. */
const VOTERS_MIN = 3;

export interface DrawnFrom {
  readonly present: string;
  /** What the ensemble began with, and becomes again. */
  readonly home: ServerLines;
  /** Versions that were in force before, or never will be. */
  readonly wrongVersions: readonly number[];
}

export function linesOf(text: string): ServerLines {
  const lines = text.split('\n').flatMap(line => {
    const [, sid] = /^server\.(\d+)=/.exec(line) ?? [];
    return sid === undefined ? [] : [[Number(sid), line] as const];
  });
  return new Map(lines);
}

export function isHome(present: string, home: ServerLines): boolean {
  const lines = linesOf(present);
  return lines.size === home.size && [...home].every(([sid, line]) => lines.get(sid) === line);
}

/**
 * A member leaves, comes back, or takes the other role; or nothing changes but the version. Some are asked
 * for on the condition of a version, some of those of a wrong one.
 */
export function drawReconfig(random: SeededRandom, from: DrawnFrom): ReconfigRequest {
  const present = linesOf(from.present);
  const next = random.chance(NOTHING_CHANGES) ? present : drawMembers(random, present, from.home);
  const asked = random.chance(WHOLE) ? whole(next) : difference(present, next, random);
  return { ...asked, curConfigId: drawCondition(random, from) };
}

/** The way back to the members that the ensemble began with. */
export function reconfigHome({ present, home }: Pick<DrawnFrom, 'present' | 'home'>): ReconfigRequest {
  const lines = linesOf(present);
  const joining = [...home].filter(([sid, line]) => lines.get(sid) !== line).map(([, line]) => line);
  return { ...incremental(joining, goneFrom(lines, home)), curConfigId: -1 };
}

const NOTHING_CHANGES = 0.2;
const WHOLE = 0.2;
const HOME = 0.5;
const LEAVES = 0.4;
const HAS_CONDITION = 0.5;
const HAS_WRONG_CONDITION = 0.3;

function drawMembers(random: SeededRandom, present: ServerLines, home: ServerLines): ServerLines {
  const isAway = present.size !== home.size || [...home].some(([sid, line]) => present.get(sid) !== line);
  if (isAway && random.chance(HOME)) return home;
  const [sid, line] = random.pick([...home]);
  const next = new Map(present);
  const own = present.get(sid);
  if (own === undefined) next.set(sid, random.chance(0.5) ? line : otherRole(line));
  else if (random.chance(LEAVES)) next.delete(sid);
  else next.set(sid, otherRole(own));
  return votersOf(next) >= Math.min(VOTERS_MIN, votersOf(home)) ? next : present;
}

function drawCondition(random: SeededRandom, { present, wrongVersions }: DrawnFrom): number {
  if (!random.chance(HAS_CONDITION)) return -1;
  if (wrongVersions.length > 0 && random.chance(HAS_WRONG_CONDITION)) return random.pick(wrongVersions);
  return versionOf(present);
}

type Asked = Omit<ReconfigRequest, 'curConfigId'>;

function whole(members: ServerLines): Asked {
  return { joining: null, leaving: null, newMembers: [...members.values()].join(',') };
}

function difference(present: ServerLines, next: ServerLines, random: SeededRandom): Asked {
  const joining = [...next].filter(([sid, line]) => present.get(sid) !== line).map(([, line]) => line);
  const leaving = goneFrom(present, next);
  // A member that joins as what it is makes a new version of the same members.
  if (joining.length + leaving.length === 0) joining.push(random.pick([...present.values()]));
  return incremental(joining, leaving);
}

function goneFrom(present: ServerLines, next: ServerLines): number[] {
  return [...present.keys()].filter(sid => !next.has(sid));
}

function incremental(joining: readonly string[], leaving: readonly number[]): Asked {
  const listOf = (items: readonly unknown[]) => (items.length === 0 ? null : items.join(','));
  return { joining: listOf(joining), leaving: listOf(leaving), newMembers: null };
}

function otherRole(line: string): string {
  const isObserver = OBSERVER.test(line);
  return line.replace(ROLE, isObserver ? ':participant$2' : ':observer$2');
}

const OBSERVER = /:observer(;|$)/;
const ROLE = /:(participant|observer)(;|$)/;

function votersOf(members: ServerLines): number {
  return [...members.values()].filter(line => !OBSERVER.test(line)).length;
}
