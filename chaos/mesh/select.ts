/** Which links a selector means, and which bytes on them. */
import type { Random } from '../../server/runtime/runtime.ts';
import { CLIENT, type Flow, LINK_KINDS, type Link, type LinkKind } from './link.ts';
import { findMembers, type MemberNow, type MemberTarget, membersText } from './target.ts';

/** One end of links: members, the clients, or (as `to`) all members that `from` does not mean. */
export type Target = MemberTarget | typeof CLIENT | typeof OTHERS;
export const OTHERS = 'others';

export interface Selector {
  readonly from: Target;
  readonly to: Target;
  /** Also the way back. @default false */
  readonly both?: boolean | undefined;
  /** @default all kinds; client links only when one of the targets is CLIENT */
  readonly kinds?: readonly LinkKind[] | undefined;
}

/** A selector whose targets were found. */
export interface Selection {
  /** Whether what `from` sends to `to` is meant. */
  includes(from: string, to: string): boolean;
  readonly kinds: readonly LinkKind[];
  /** For errors. */
  readonly text: string;
}

/** Nothing matched. A fault on no link cannot bite, so it is not injected at all. */
class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

/** Finds the members that the selector means now. @throws TargetError, SelectorError */
export async function resolve(
  selector: Selector,
  members: readonly MemberNow[],
  random: Random,
): Promise<Selection> {
  const { both = false, kinds = LINK_KINDS } = selector;
  if (selector.from === OTHERS) throw new SelectorError('others can be selected as "to" only, not as "from"');
  const find = async (target: Exclude<Target, typeof OTHERS>, except?: ReadonlySet<string>) =>
    new Set(
      target === CLIENT
        ? [CLIENT]
        : await findMembers(target, members, random, { ofRole: 'all', ...(except && { except }) }),
    );
  const from = await find(selector.from);
  const to =
    selector.to === OTHERS
      ? new Set(members.map(({ name }) => name).filter(name => !from.has(name)))
      : await find(selector.to, selector.from === 'any' ? undefined : from);
  return {
    includes: (a, b) => (from.has(a) && to.has(b)) || (both && from.has(b) && to.has(a)),
    kinds,
    text: `${selectorText(selector)}; ${membersText(members)}`,
  };
}

/** The links that `from` dials to `to`; with `both`, also those that `to` dials. @throws SelectorError */
export function selectLinks(links: readonly Link[], selection: Selection): Link[] {
  return some(
    ofKind(links, selection).filter(({ from, to }) => selection.includes(from, to)),
    selection,
  );
}

/**
 * The bytes that travel from `from` to `to`, whoever dialed: requests on the links of `from`, and answers on
 * the links of `to`. With `both`, also the bytes that travel back. @throws SelectorError
 */
export function selectFlows(links: readonly Link[], selection: Selection): Flow[] {
  return some(
    ofKind(links, selection).flatMap((link): Flow[] => [
      ...(selection.includes(link.from, link.to) ? [{ link, stream: 'upstream' as const }] : []),
      ...(selection.includes(link.to, link.from) ? [{ link, stream: 'downstream' as const }] : []),
    ]),
    selection,
  );
}

function ofKind(links: readonly Link[], { kinds }: Selection): readonly Link[] {
  return links.filter(({ kind }) => kinds.includes(kind));
}

function some<T>(found: T[], { text }: Selection): T[] {
  if (found.length === 0) throw new SelectorError(`no link matches ${text}`);
  return found;
}

/** `from role observer to any, both ways, kinds quorum, election` */
function selectorText({ from, to, both = false, kinds }: Selector): string {
  const ways = both ? ', both ways' : '';
  return `from ${targetText(from)} to ${targetText(to)}${ways}${kinds ? `, kinds ${kinds.join(', ')}` : ''}`;
}

function targetText(target: Target): string {
  if (typeof target === 'string') return target;
  return Object.entries(target)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} ${[value].flat().join(', ')}`)
    .join(' ');
}
