import { CLIENT, type Flow, LINK_KINDS, type Link, type LinkKind } from './link.ts';

/** Members by role at the moment of injection, members by name, all members, or the clients. */
export type Target =
  | 'any'
  | typeof CLIENT
  | { readonly role: string }
  | { readonly name: string | readonly string[] };

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

/** Nothing matched. A fault on no link cannot bite, so it is not injected at all. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

/**
 * The links that `from` dials to `to`; with `both`, also those that `to` dials to `from`. @throws
 * SelectorError
 */
export function selectLinks(links: readonly Link[], selector: Selector, roles: Roles): Link[] {
  const matches = matcher(selector, roles);
  const { both = false } = selector;
  const chosen = links.filter(
    link => matches(link, link.from, link.to) || (both && matches(link, link.to, link.from)),
  );
  return orRefuse(chosen, selector, roles);
}

/**
 * The bytes that travel from `from` to `to`, whoever dialed: requests on the links of `from`, and answers on
 * the links of `to`. With `both`, also the bytes that travel back. @throws SelectorError
 */
export function selectFlows(links: readonly Link[], selector: Selector, roles: Roles): Flow[] {
  const matches = matcher(selector, roles);
  const { both = false } = selector;
  const chosen = links.flatMap((link): Flow[] => {
    const there = matches(link, link.from, link.to);
    const back = matches(link, link.to, link.from);
    const flows: Flow[] = [];
    if (there || (both && back)) flows.push({ link, stream: 'upstream' });
    if (back || (both && there)) flows.push({ link, stream: 'downstream' });
    return flows;
  });
  return orRefuse(chosen, selector, roles);
}

function matcher(selector: Selector, roles: Roles): (link: Link, from: string, to: string) => boolean {
  const kinds = selector.kinds ?? LINK_KINDS;
  return (link, from, to) =>
    kinds.includes(link.kind) && isTarget(selector.from, from, roles) && isTarget(selector.to, to, roles);
}

function isTarget(target: Target, end: string, roles: Roles): boolean {
  if (target === CLIENT || end === CLIENT) return target === end;
  if (target === 'any') return true;
  if ('role' in target) return roles.get(end) === target.role;
  return typeof target.name === 'string' ? target.name === end : target.name.includes(end);
}

function orRefuse<T>(chosen: T[], selector: Selector, roles: Roles): T[] {
  if (chosen.length > 0) return chosen;
  const now = [...roles].map(([name, role]) => `${name}=${role}`).join(' ');
  throw new SelectorError(`no link matches ${JSON.stringify(selector)}; the roles are ${now}`);
}
