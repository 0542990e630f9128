/** What members say of themselves in their logs, for the checker of leaders. */
import type { Member } from '../../../bench/topology/member.ts';
import type { MemberEvent } from '../../checkers/run-record.ts';
import { epochsLedIn } from './apache-leaders.ts';

/** Lines of zklab's server that matter; each is an object of JSON. */
const TELLING = ['"event":"leading"', '"event":"configured"', '"txnsReplayed":'];

interface LogLine {
  readonly event?: string;
  readonly epoch?: number;
  readonly version?: string;
  readonly voters?: string;
  readonly observers?: string;
}

/**
 * Of each member in their order. A log that lost its middle does not show all starts, so only its epochs
 * count. Apache ZooKeeper tells the epochs alone.
 */
export function memberEventsOf(members: readonly Pick<Member, 'name' | 'log'>[]): MemberEvent[] {
  return members.flatMap(({ name, log }) => {
    const content = log.content();
    const own = content.split('\n').flatMap(line => eventOf(name, line));
    const led = epochsLedIn(content).map(epoch => ({ member: name, kind: 'led' as const, epoch }));
    return [...own.filter(({ kind }) => log.isWhole || kind === 'led'), ...led];
  });
}

function eventOf(member: string, line: string): MemberEvent[] {
  if (!line.startsWith('{') || !TELLING.some(part => line.includes(part))) return [];
  const said = parsed(line);
  if (said === undefined) return [];
  const { event, epoch, version, voters = '', observers = '' } = said;
  if (event === 'leading' && epoch !== undefined) return [{ member, kind: 'led', epoch }];
  if (event !== 'configured') return [{ member, kind: 'started' }];
  const members = `the voters ${voters} and the observers ${observers === '' ? 'none' : observers}`;
  return [{ member, kind: 'configured', version: Number(version), members }];
}

/** Undefined for a line that a kill has cut short. */
function parsed(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
