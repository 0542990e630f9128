/** The history of configurations, as clients asked for them, were answered, and read /zookeeper/config. */
import type { ReconfigRequest } from '../../server/wire/requests.ts';
import { zxidToHex } from '../../server/wire/zxid.ts';
import type { Checker } from './checker.ts';
import { CONFIG_PATH, type ConfigMember, membersOf, versionOf } from './configuration-text.ts';
import type { ApacheLeaders } from './early-syncs.ts';
import { type HistoryEvent, type Operation, operationsOf, outcomeOf } from './history.ts';
import { type Judgement, judge } from './judgement.ts';

export const configurations: Checker<'history', 'apacheLeaders'> = {
  name: 'configurations',
  description: 'configurations that went back, were lost, or should not be there; two with one version',
  needs: ['history'],
  isOptional: true,
  check: ({ history, apacheLeaders }) => checkConfigurations(history, apacheLeaders),
};

/** A configuration that a client was shown. Its version is the zxid of the transaction that made it. */
interface Shown {
  readonly operation: number;
  readonly version: number;
  readonly text: string;
  /** Of the answer: the server had carried out everything up to this one. */
  readonly zxid: number;
  readonly server: string;
  /** Of an acknowledged reconfig. */
  readonly asked?: ReconfigRequest;
}

/**
 * Checks that the ensemble has one line of configurations, and that everybody is shown it:
 *
 * - a version has one text;
 * - a read shows the newest configuration as of the zxid that it names: not an older one, though it was
 *   acknowledged to somebody or read by somebody, and not a later one. So what one session reads never goes
 *   back;
 * - an acknowledged reconfig made the configuration of its own zxid, with what was asked for;
 * - one that was asked for on the condition of a version was made of that version, with no other between;
 * - a refused one made no configuration.
 *
 * A member of Apache ZooKeeper writes a configuration into its tree when it puts it in force, just before it
 * applies the transaction (`QuorumPeer.processReconfig`), so its reads may show one that comes later.
 */
export function checkConfigurations(
  history: readonly HistoryEvent[],
  apacheLeaders: ApacheLeaders = {},
): Judgement {
  const operations = operationsOf(history);
  const shown = operations.flatMap(shownBy);
  const line = new Line(shown);
  const reasons = [
    ...line.contradictions,
    ...shown.flatMap(each =>
      each.asked === undefined
        ? misread(each, line, apacheLeaders[each.server] !== undefined)
        : mismade(each, each.asked, line),
    ),
    ...operations.flatMap(operation => appliedThough(operation, line)),
  ];
  return judge(configurations.name, shown.length, reasons);
}

function shownBy(operation: Operation): Shown[] {
  const { invoke, completion } = operation;
  const { value, zxid = 0, unagreed, server = '' } = completion ?? {};
  const isOfConfig = invoke.f === 'reconfig' || (invoke.f === 'getData' && invoke.path === CONFIG_PATH);
  if (!isOfConfig || outcomeOf(operation) !== 'ok' || unagreed === true || typeof value !== 'string')
    return [];
  const { asked } = invoke;
  const about = { operation: invoke.operation, version: versionOf(value), text: value, zxid, server };
  return [{ ...about, ...(invoke.f === 'reconfig' && { asked: asked ?? NOTHING_ASKED }) }];
}

const NOTHING_ASKED: ReconfigRequest = { joining: null, leaving: null, newMembers: null, curConfigId: -1 };

/** All configurations that anybody was shown, by their versions. */
class Line {
  readonly contradictions: string[] = [];
  readonly #byVersion = new Map<number, Shown>();
  readonly #versions: readonly number[];

  constructor(shown: readonly Shown[]) {
    for (const each of shown) {
      // Before the first leader has given it a number, each member has its own file.
      if (each.version === 0) continue;
      const first = this.#byVersion.get(each.version);
      if (first === undefined) this.#byVersion.set(each.version, each);
      else if (first.text !== each.text)
        this.contradictions.push(
          `configuration ${zxidToHex(each.version)} is ${JSON.stringify(first.text)} to operation ${first.operation}, and ${JSON.stringify(each.text)} to operation ${each.operation}`,
        );
    }
    this.#versions = [...this.#byVersion.keys()].sort((a, b) => a - b);
  }

  at(version: number): Shown | undefined {
    return this.#byVersion.get(version);
  }

  /** The newest one of a version up to this zxid. */
  newestUpTo(zxid: number): Shown | undefined {
    let low = 0;
    for (let high = this.#versions.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.#versions[middle]! <= zxid) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.#byVersion.get(this.#versions[low - 1]!);
  }
}

function misread({ operation, version, zxid }: Shown, line: Line, mayBeEarly: boolean): string[] {
  const read = `operation ${operation} read configuration ${zxidToHex(version)} at zxid ${zxidToHex(zxid)}`;
  if (version > zxid) return mayBeEarly ? [] : [`${read}, which was made later`];
  const newest = line.newestUpTo(zxid);
  if (newest === undefined || newest.version <= version) return [];
  return [`${read}, but operation ${newest.operation} was shown ${zxidToHex(newest.version)}`];
}

function mismade(made: Shown, asked: ReconfigRequest, line: Line): string[] {
  const { operation, version, text, zxid } = made;
  const what = `operation ${operation} made configuration ${zxidToHex(version)}`;
  if (version !== zxid) return [`${what} at zxid ${zxidToHex(zxid)}`];
  const before = line.newestUpTo(version - 1);
  const { curConfigId } = asked;
  if (
    curConfigId !== -1 &&
    (curConfigId >= version || (before !== undefined && before.version > curConfigId))
  )
    return [
      `${what} on the condition of ${zxidToHex(curConfigId)}, but there was ${zxidToHex(before?.version ?? 0)} before it`,
    ];
  const members = membersOf(text);
  const condition = curConfigId === -1 ? undefined : line.at(curConfigId);
  const isAsAsked =
    condition === undefined
      ? hasAsked(members, asked)
      : isSame(members, changed(membersOf(condition.text), asked));
  return isAsAsked ? [] : [`${what}, ${JSON.stringify(text)}, which is not what it asked for`];
}

function appliedThough({ invoke, completion }: Operation, line: Line): string[] {
  const { type, error = '', zxid = 0 } = completion ?? {};
  // Only these have a transaction of their own, which says that they were refused.
  if (invoke.f !== 'reconfig' || type !== 'fail' || !REFUSED_BY_THE_LEADER.has(error)) return [];
  const made = line.at(zxid);
  if (made === undefined) return [];
  return [
    `operation ${invoke.operation} was refused with ${error} at zxid ${zxidToHex(zxid)}, and operation ${made.operation} was shown that configuration`,
  ];
}

const REFUSED_BY_THE_LEADER: ReadonlySet<string> = new Set([
  'BADVERSION',
  'BADARGUMENTS',
  'RECONFIGINPROGRESS',
  'NEWCONFIGNOQUORUM',
]);

function changed(members: readonly ConfigMember[], asked: ReconfigRequest): readonly ConfigMember[] {
  if (asked.newMembers !== null) return listed(asked.newMembers);
  const joining = listed(asked.joining);
  const gone = new Set([...leavingOf(asked), ...joining.map(({ sid }) => sid)]);
  return [...members.filter(({ sid }) => !gone.has(sid)), ...joining];
}

/** Where it is not known what it was made of. */
function hasAsked(members: readonly ConfigMember[], asked: ReconfigRequest): boolean {
  if (asked.newMembers !== null) return isSame(members, listed(asked.newMembers));
  const joining = listed(asked.joining);
  const has = ({ sid, role }: ConfigMember) => members.some(each => each.sid === sid && each.role === role);
  const isBack = (sid: number) => joining.some(each => each.sid === sid);
  const isGone = (sid: number) => members.every(each => each.sid !== sid);
  return joining.every(has) && leavingOf(asked).every(sid => isBack(sid) || isGone(sid));
}

function listed(servers: string | null): ConfigMember[] {
  return membersOf((servers ?? '').replaceAll(',', '\n'));
}

function leavingOf({ leaving }: ReconfigRequest): number[] {
  return (leaving ?? '')
    .split(',')
    .filter(sid => sid !== '')
    .map(Number);
}

function isSame(a: readonly ConfigMember[], b: readonly ConfigMember[]): boolean {
  const text = (members: readonly ConfigMember[]) =>
    members
      .map(({ sid, role }) => `${sid} ${role}`)
      .sort()
      .join();
  return text(a) === text(b);
}
