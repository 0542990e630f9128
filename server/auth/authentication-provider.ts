import type { X509Certificate } from 'node:crypto';
import type { Id } from '../wire/acl.ts';
import { ExactMatcher, type Matcher } from './matcher.ts';

/** The facts about a client that it need not prove. */
export interface AuthClient {
  /** The address that it comes from. */
  readonly host: string;
  /** The certificate of its TLS connection; null without one. */
  readonly certificate: X509Certificate | null;
}

/** The outcome of one token of a client. `answer` reaches only clients whose request has an answer (SASL). */
export type AuthStep =
  | { readonly kind: 'proven'; readonly ids: readonly Id[]; readonly answer: Buffer | null }
  /** The client answers with its next token, which `next` takes. */
  | { readonly kind: 'challenge'; readonly answer: Buffer; readonly next: Exchange }
  | { readonly kind: 'failed'; readonly answer: null };

/** Takes the first token of a client, or the next one after a challenge. */
export interface Exchange {
  /** Must not throw, whatever the client sends. */
  step(token: Buffer | null, client: AuthClient): AuthStep;
}

export const FAILED: AuthStep = { kind: 'failed', answer: null };

export function proven(...ids: readonly Id[]): AuthStep {
  return { kind: 'proven', ids, answer: null };
}

/**
 * One authentication scheme: how a client proves an identity, what an ACL may name, and which identities an
 * entry matches. It keeps no state of clients; a client's connection keeps an exchange of several steps. The
 * defaults here hold unless a scheme overrides them. @see docs/sessions.md "ACL schemes"
 */
export abstract class AuthenticationProvider implements Exchange {
  abstract readonly scheme: string;
  /** True: it is stepped once, without a token, when a client connects. A client that fails is not served. */
  readonly atConnect: boolean = false;
  /**
   * True: its identities say who a client is, as upstream's method of this name asks, and "auth" includes
   * them.
   */
  readonly isAuthenticated: boolean = false;
  /** True: an entry of this scheme stands for all authenticated identities of the ACL's author. */
  readonly standsForAuthor: boolean = false;
  /** True: a client with an identity of this scheme may do anything. */
  readonly passesAnyAcl: boolean = false;

  step(_token: Buffer | null, _client: AuthClient): AuthStep {
    return FAILED;
  }

  /** Whether a client may put `aclId` into an ACL. */
  isValid(_aclId: string): boolean {
    return false;
  }

  /** An empty matcher, for the entries of one ACL. */
  matches(): Matcher {
    return new ExactMatcher();
  }

  /** The user as whoAmI names it. */
  userName(id: string): string {
    return id;
  }

  /** The id as getACL shows it to clients that may not administer the node. */
  withoutSecret(aclId: string): string {
    return aclId;
  }
}
