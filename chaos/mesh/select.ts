import { CLIENT, type Flow, LINK_KINDS, type Link, type LinkKind } from './link.ts';

/**
 * Members by role at the moment of injection, by name or by data centre, all members, or the clients.
 */
export type Target =
  | 'any'
  | typeof CLIENT
  | { readonly role: string }
  | { readonly name: string | readonly string[] }
  | { readonly dc: string };

export interface Selector {
  readonly from: Target;
  readonly to: Target;
  /** Also the way back. @default false */
  readonly both?: boolean;
  /** @default all kinds; client links only when one of the targets is CLIENT */
  readonly kinds?: readonly LinkKind[];
}

/** The present role of each member. Leadership moves, so roles are looked up at each selection. */
export type Roles = ReadonlyMap<string, string>;

/** The data centre of each member that has one. */
export type Centres = ReadonlyMap<string, string>;

const NO_CENTRES: Centres = new Map();

/** Nothing matched. A fault on no link cannot bite, so it is not injected at all. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

/**
 * The links that `from` dials to `to`; with `both`, also those that `to` dials to `from`. @throws
 * SelectorError
 */
export function selectLinks(
  links: readonly Link[],
  selector: Selector,
  roles: Roles,
  centres = NO_CENTRES,
): Link[] {
  const { both = false } = selector;
  const pick = (link: Link, there: boolean, back: boolean) => (there || (both && back) ? [link] : []);
  return choose(links, selector, roles, centres, pick);
}

/**
 * The bytes that travel from `from` to `to`, whoever dialed: requests on the links of `from`, and answers on
 * the links of `to`. With `both`, also the bytes that travel back. @throws SelectorError
 */
export function selectFlows(
  links: readonly Link[],
  selector: Selector,
  roles: Roles,
  centres = NO_CENTRES,
): Flow[] {
  const { both = false } = selector;
  const pick = (link: Link, there: boolean, back: boolean): Flow[] => [
    ...(there || (both && back) ? [{ link, stream: 'upstream' as const }] : []),
    ...(back || (both && there) ? [{ link, stream: 'downstream' as const }] : []),
  ];
  return choose(links, selector, roles, centres, pick);
}

/** `there`: the link is dialed from `from` to `to`; `back`: the other way. */
function choose<T>(
  links: readonly Link[],
  selector: Selector,
  roles: Roles,
  centres: Centres,
  pick: (link: Link, there: boolean, back: boolean) => T[],
): T[] {
  const matches = matcher(selector, roles, centres);
  const chosen = links.flatMap(link =>
    pick(link, matches(link, link.from, link.to), matches(link, link.to, link.from)),
  );
  if (chosen.length > 0) return chosen;
  throw nothingMatches(selector, roles, centres);
}

function matcher(
  selector: Selector,
  roles: Roles,
  centres: Centres,
): (link: Link, from: string, to: string) => boolean {
  const kinds = selector.kinds ?? LINK_KINDS;
  const is = (target: Target, end: string) => isTarget(target, end, roles, centres);
  return (link, from, to) => kinds.includes(link.kind) && is(selector.from, from) && is(selector.to, to);
}

function isTarget(target: Target, end: string, roles: Roles, centres: Centres): boolean {
  if (target === CLIENT || end === CLIENT) return target === end;
  if (target === 'any') return true;
  if ('role' in target) return roles.get(end) === target.role;
  if ('dc' in target) return centres.get(end) === target.dc;
  return typeof target.name === 'string' ? target.name === end : target.name.includes(end);
}

function nothingMatches(selector: Selector, roles: Roles, centres: Centres): SelectorError {
  const named = (map: ReadonlyMap<string, string>) =>
    [...map].map(([name, what]) => `${name}=${what}`).join(' ');
  const where = centres.size === 0 ? '' : `; the data centres are ${named(centres)}`;
  return new SelectorError(
    `no link matches ${selectorText(selector)}; the roles are ${named(roles)}${where}`,
  );
}

/** `from role observer to any, both ways, kinds quorum, election` */
function selectorText({ from, to, both = false, kinds }: Selector): string {
  const ways = both ? ', both ways' : '';
  return `from ${targetText(from)} to ${targetText(to)}${ways}${kinds ? `, kinds ${kinds.join(', ')}` : ''}`;
}

function targetText(target: Target): string {
  if (typeof target === 'string') return target;
  const [[key, value] = ['', '']] = Object.entries(target);
  return `${key} ${[value].flat().join(', ')}`;
}
