import { createHash, timingSafeEqual } from 'node:crypto';
import { printable } from '../../printable.ts';
import { onlyValue, parseDirectives, quoted, SaslError } from './digest-directives.ts';

/**
 * Both sides of DIGEST-MD5 (RFC 2831) as members of an ensemble use it: one realm, one service, quality
 * "auth". Each side proves that it knows the password of the user, and neither sends it. @see docs/quorum.md
 * "SASL"; SaslQuorumAuthServer; SaslQuorumAuthLearner
 */

/** Upstream's names, the same for all ensembles. */
const REALM = 'zk-quorum-sasl-md5';
const DIGEST_URI = 'zookeeper-quorum/zk-quorum-sasl-md5';
const QUALITY = 'auth';
const FIRST_USE = '00000001';
/** The value that Java sends. Nothing is ever sent in this layer. */
const MAXBUF = 65_536;

export interface Account {
  readonly username: string;
  readonly password: string;
}

interface Exchange {
  readonly realm: string;
  readonly nonce: string;
  readonly cnonce: string;
  readonly authzid: string | undefined;
}

/** The proofs that a side knows an account: that of the dialling side, and that of the dialled one. */
function proofs({ username, password }: Account, { realm, nonce, cnonce, authzid }: Exchange) {
  const secret = md5(inOneByteEach(username), ':', inOneByteEach(realm), ':', inOneByteEach(password));
  const tail = authzid === undefined ? '' : `:${authzid}`;
  const a1 = hex(md5(secret, `:${nonce}:${cnonce}${tail}`));
  const proofFor = (a2: string) =>
    hex(md5(`${a1}:${nonce}:${FIRST_USE}:${cnonce}:${QUALITY}:${hex(md5(a2))}`));
  return { response: proofFor(`AUTHENTICATE:${DIGEST_URI}`), rspauth: proofFor(`:${DIGEST_URI}`) };
}

function md5(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex');
}

/** Names and passwords are hashed in ISO 8859-1 if it has all their characters (2.1.2.1). */
function inOneByteEach(text: string): Buffer {
  const isLatin = [...text].every(char => char <= '\u00ff');
  return Buffer.from(text, isLatin ? 'latin1' : 'utf8');
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The side that is dialled, for one connection. */
export class DigestServer {
  readonly #passwordOf: (username: string) => string | undefined;
  readonly #nonce: string;

  /** `nonce`: a text that no peer has seen before. */
  constructor(passwordOf: (username: string) => string | undefined, nonce: string) {
    this.#passwordOf = passwordOf;
    this.#nonce = nonce;
  }

  challenge(): Buffer {
    return Buffer.from(
      `realm=${quoted(REALM)},nonce=${quoted(this.#nonce)},qop=${quoted(QUALITY)},charset=utf-8,algorithm=md5-sess`,
    );
  }

  /** Returns the proof for the peer that this side knows the password too. @throws SaslError */
  answer(response: Buffer): Buffer {
    const directives = parseDirectives(response.toString('utf8'));
    const said = (name: string) => onlyValue(directives, name);
    const [username, cnonce] = [said('username'), said('cnonce')];
    if (username === undefined || cnonce === undefined)
      throw new SaslError('its response names no user or no cnonce');
    for (const [name, expected] of [
      ['realm', REALM],
      ['nonce', this.#nonce],
      ['nc', FIRST_USE],
      ['qop', QUALITY],
      ['digest-uri', DIGEST_URI],
    ] as const) {
      const value = said(name) ?? (name === 'qop' ? QUALITY : '');
      if (!isSame(value, expected))
        throw new SaslError(`its response is for another exchange: ${name} is ${printable(value)}`);
    }
    // Java's client sends its own name here; an empty one counts as none.
    const authzid = said('authzid') || undefined;
    const password = this.#passwordOf(username);
    if (password === undefined) throw new SaslError(`user ${printable(username)} is not known here`);
    const exchange = { realm: REALM, nonce: this.#nonce, cnonce, authzid };
    const { response: expected, rspauth } = proofs({ username, password }, exchange);
    if (!isSame(said('response') ?? '', expected))
      throw new SaslError(`its password for user ${printable(username)} is wrong`);
    if (authzid !== undefined && authzid !== username)
      throw new SaslError(`user ${printable(username)} may not act as ${printable(authzid)}`);
    return Buffer.from(`rspauth=${rspauth}`);
  }
}

/** The side that dials, for one connection. */
export class DigestClient {
  readonly #account: Account;
  readonly #cnonce: string;
  #rspauth: string | null = null;

  constructor(account: Account, cnonce: string) {
    this.#account = account;
    this.#cnonce = cnonce;
  }

  /** @throws SaslError */
  respond(challenge: Buffer): Buffer {
    const said = parseDirectives(challenge.toString('utf8'));
    const nonce = onlyValue(said, 'nonce');
    if (nonce === undefined) throw new SaslError('its challenge has no nonce');
    const algorithm = onlyValue(said, 'algorithm');
    if (algorithm !== 'md5-sess')
      throw new SaslError(`its challenge asks for algorithm ${printable(algorithm ?? 'none')}`);
    const qualities = onlyValue(said, 'qop')?.split(/[\s,]+/) ?? [QUALITY];
    if (!qualities.includes(QUALITY)) throw new SaslError('its challenge does not accept qop=auth');
    // A server with several names the one it prefers first.
    const realm = said.get('realm')?.[0] ?? '';
    const { username } = this.#account;
    const exchange = { realm, nonce, cnonce: this.#cnonce, authzid: username };
    const { response, rspauth } = proofs(this.#account, exchange);
    this.#rspauth = rspauth;
    return Buffer.from(
      `charset=utf-8,username=${quoted(username)},realm=${quoted(realm)},nonce=${quoted(nonce)},nc=${FIRST_USE},` +
        `cnonce=${quoted(this.#cnonce)},digest-uri=${quoted(DIGEST_URI)},maxbuf=${MAXBUF},response=${response},` +
        `qop=${QUALITY},authzid=${quoted(username)}`,
    );
  }

  /** @throws SaslError when the peer has not proven that it knows the password */
  check(answer: Buffer): void {
    const said = onlyValue(parseDirectives(answer.toString('utf8')), 'rspauth');
    if (this.#rspauth === null || said === undefined || !isSame(said, this.#rspauth))
      throw new SaslError('it does not prove that it knows the password itself');
  }
}
