import type { X509Certificate } from 'node:crypto';
import type { Id } from '../wire/acl.ts';
import { ExactMatcher, type Matcher } from './matcher.ts';

/** What is known of a client without a word of its own. */
export interface AuthClient {
  /** The address that it comes from. */
  readonly host: string;
  /** By TLS; null without it. */
  readonly certificate: X509Certificate | null;
}

/** What one token of a client leads to. `answer` reaches only clients whose request has one (SASL). */
export type AuthStep =
  | { readonly kind: 'proven'; readonly ids: readonly Id[]; readonly answer: Buffer | null }
  /** The client answers with its next token, which `next` takes. */
  | { readonly kind: 'challenge'; readonly answer: Buffer; readonly next: Exchange }
  | { readonly kind: 'failed'; readonly answer: null };

/** Takes a token of a client: the first, or the next one behind a challenge. */
export interface Exchange {
  /** Never throws for anything that a client can send. */
  step(token: Buffer | null, client: AuthClient): AuthStep;
}

export const FAILED: AuthStep = { kind: 'failed', answer: null };

export function proven(...ids: readonly Id[]): AuthStep {
  return { kind: 'proven', ids, answer: null };
}

/**
 * One scheme: how a client proves an identity of it, what an ACL may name, and whom that lets in. It keeps
 * nothing of any client; an exchange of several steps is kept by the client's connection. What stands here is
 * true of a scheme unless it says otherwise. @see docs/sessions.md "ACL schemes"
 */
export abstract class AuthenticationProvider implements Exchange {
  abstract readonly scheme: string;
  /** It is stepped once, without a token, when a client connects; one that fails is not served. */
  readonly atConnect: boolean = false;
  /** Its identities say who a client is, as upstream's method of this name asks: "auth" stands for them. */
  readonly isAuthenticated: boolean = false;
  /** An entry of it in an ACL stands for all authenticated identities of the ACL's author. */
  readonly standsForAuthor: boolean = false;
  /** Whoever has an identity of it may do anything. */
  readonly passesAnyAcl: boolean = false;

  step(_token: Buffer | null, _client: AuthClient): AuthStep {
    return FAILED;
  }

  /** Whether a client may put `aclId` into an ACL. */
  isValid(_aclId: string): boolean {
    return false;
  }

  /** An empty one, for the entries of one ACL. */
  matches(): Matcher {
    return new ExactMatcher();
  }

  /** As whoAmI names it. */
  userName(id: string): string {
    return id;
  }

  /** As getACL shows it to whoever may not administer the node. */
  withoutSecret(aclId: string): string {
    return aclId;
  }
}
