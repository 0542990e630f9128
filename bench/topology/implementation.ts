/** Which server a member runs, and how people name it. */
import { z } from 'zod';
import { RELEASE } from '../hosts/apache/release.ts';

/** For errors. */
export const NAMES_ACCEPTED = 'zklab, apache, apache@3.9.5';

export const namedImplementation = z.union(
  [z.enum(['zklab', 'apache']), z.templateLiteral(['apache@', z.string().regex(RELEASE)])],
  { error: NAMES_ACCEPTED },
);
export type NamedImplementation = z.infer<typeof namedImplementation>;
/** The one that its host has, or one release. */
export type ApacheServer = Exclude<NamedImplementation, 'zklab'>;
/** A command is a template in which `{cfg}` stands for the path of the member's zoo.cfg. */
export type Implementation = NamedImplementation | { readonly command: string };

/** Undefined when nothing has this name. */
export function implementationNamed(text: string): NamedImplementation | undefined {
  return namedImplementation.safeParse(text).data;
}

export function isApache(implementation: Implementation): implementation is ApacheServer {
  return implementation !== 'zklab' && typeof implementation === 'string';
}

/** Undefined: whichever the host has. */
export function releaseOf(implementation: ApacheServer): string | undefined {
  return implementation.split('@')[1];
}

export function implementationName(implementation: Implementation): string {
  return typeof implementation === 'string' ? implementation : 'command';
}

/** As results name it, without a release. */
export function implementationKind(implementation: Implementation): 'zklab' | 'apache' | 'other' {
  if (typeof implementation === 'object') return 'other';
  return isApache(implementation) ? 'apache' : implementation;
}
