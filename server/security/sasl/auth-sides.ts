import { JuteError, JuteReader } from '../../wire/jute.ts';
import {
  AUTH_MAGIC,
  AUTH_TOKEN_BYTES_MAX,
  type AuthPacket,
  beginsAuthPacket,
  encodeAuthPacket,
  readAuthPacket,
} from '../../wire/quorum-auth-packet.ts';
import { SaslError } from './digest-directives.ts';
import type { DigestClient, DigestServer } from './digest-md5.ts';
import type { Preamble } from './preamble.ts';

/**
 * The SASL handshake on one connection between members, without the connection. The dialling side begins with
 * an empty token, and then the sides take turns. @see docs/quorum.md "SASL"
 */

/** What a side does next. `rest`: bytes that it has read and that do not belong to the handshake. */
export type AuthStep =
  /** `mayBeAll`: a peer that does not authenticate may send nothing more. */
  | { readonly type: 'wait'; readonly mayBeAll: boolean }
  | { readonly type: 'send'; readonly bytes: Buffer }
  | { readonly type: 'done'; readonly bytes: Buffer | null; readonly rest: Buffer }
  | { readonly type: 'refuse'; readonly bytes: Buffer | null; readonly reason: string }
  /** The peer has gone before it could be refused. */
  | { readonly type: 'leave' };

const WAIT: AuthStep = { type: 'wait', mayBeAll: false };
const NOTHING = Buffer.alloc(0);
const PACKET_BYTES_MAX = AUTH_MAGIC.length + 8 + AUTH_TOKEN_BYTES_MAX;
const ERROR = encodeAuthPacket({ status: 'error', token: NOTHING });

/** The side that is dialled. */
export class AuthServerSide {
  readonly #digest: DigestServer;
  readonly #isRequired: boolean;
  readonly #preamble: Preamble;
  #bytes: Buffer = NOTHING;
  /** Length of what comes before the handshake; undefined while it is not whole. */
  #preambleBytes: number | undefined;
  #stage: 'unknown' | 'begun' | 'challenged' = 'unknown';

  /** `isRequired`: a peer that does not begin a handshake is refused. */
  constructor(digest: DigestServer, isRequired: boolean, preamble: Preamble) {
    this.#digest = digest;
    this.#isRequired = isRequired;
    this.#preamble = preamble;
  }

  take(chunk: Buffer): AuthStep {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    try {
      return this.#read();
    } catch (error) {
      if (error instanceof JuteError || error instanceof SaslError) return this.#refuse(error.message);
      throw error;
    }
  }

  /** Called when the peer has closed its half. */
  end(): AuthStep {
    if (this.#stage !== 'unknown' || this.#preambleBytes === undefined) return { type: 'leave' };
    return this.#withoutProof();
  }

  /** Called when the peer has sent nothing more for a while after `mayBeAll`. */
  silence(): AuthStep {
    return this.#mayBeAll ? this.#withoutProof() : WAIT;
  }

  get #mayBeAll(): boolean {
    return !this.#isRequired && this.#stage === 'unknown' && this.#bytes.length === this.#preambleBytes;
  }

  #read(): AuthStep {
    if (this.#preambleBytes === undefined) {
      const begins = beginsAuthPacket(this.#bytes);
      if (begins === undefined) return WAIT;
      const preamble = begins ? { bytes: 0, isAll: false } : this.#preamble(this.#bytes);
      if (preamble === undefined) return WAIT;
      this.#preambleBytes = preamble.bytes;
      if (preamble.isAll) return this.#withoutProof();
    }
    const following = this.#bytes.subarray(this.#preambleBytes);
    if (this.#stage === 'unknown') {
      const begins = beginsAuthPacket(following);
      if (begins === undefined) return { type: 'wait', mayBeAll: this.#mayBeAll };
      if (!begins) return this.#withoutProof();
      this.#stage = 'begun';
    }
    const read = readPacket(following);
    if (read === null) return WAIT;
    this.#bytes = Buffer.concat([this.#bytes.subarray(0, this.#preambleBytes), read.rest]);
    return this.#onPacket(read.packet);
  }

  #onPacket({ status, token }: AuthPacket): AuthStep {
    if (status !== 'inProgress') return this.#refuse('it ends the handshake before it has authenticated');
    if (this.#stage === 'begun') {
      if (token !== null && token.length > 0)
        return this.#refuse('its handshake does not begin with an empty token');
      this.#stage = 'challenged';
      return {
        type: 'send',
        bytes: encodeAuthPacket({ status: 'inProgress', token: this.#digest.challenge() }),
      };
    }
    if (token === null || token.length === 0) return this.#refuse('it does not answer the challenge');
    const bytes = encodeAuthPacket({ status: 'success', token: this.#digest.answer(token) });
    return { type: 'done', bytes, rest: this.#bytes };
  }

  #withoutProof(): AuthStep {
    if (this.#isRequired)
      return this.#refuse('it does not authenticate, and quorum.auth.serverRequireSasl=true here');
    return { type: 'done', bytes: null, rest: this.#bytes };
  }

  /** A peer that does not speak SASL would take the packet for something else. */
  #refuse(reason: string): AuthStep {
    return { type: 'refuse', bytes: this.#stage === 'unknown' ? null : ERROR, reason };
  }
}

/** The side that dials. */
export class AuthLearnerSide {
  readonly #digest: DigestClient;
  #bytes: Buffer = NOTHING;
  #isProven = false;

  constructor(digest: DigestClient) {
    this.#digest = digest;
  }

  /** The first message. */
  begin(): Buffer {
    return encodeAuthPacket({ status: 'inProgress', token: NOTHING });
  }

  take(chunk: Buffer): AuthStep {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    try {
      const read = readPacket(this.#bytes);
      if (read === null) return WAIT;
      this.#bytes = read.rest;
      return this.#onPacket(read.packet);
    } catch (error) {
      if (error instanceof JuteError)
        return refusal(`it does not speak SASL (${error.message}); is quorum.auth.enableSasl=true there?`);
      if (error instanceof SaslError) return refusal(error.message);
      throw error;
    }
  }

  #onPacket({ status, token }: AuthPacket): AuthStep {
    if (status === 'error') return refusal('it does not accept the user and the password of this server');
    if (!this.#isProven) {
      if (status === 'success') return refusal('it accepts this server without a proof, and gives none');
      this.#isProven = true;
      const response = this.#digest.respond(token ?? NOTHING);
      return { type: 'send', bytes: encodeAuthPacket({ status: 'inProgress', token: response }) };
    }
    if (status !== 'success') return refusal('it asks for more than DIGEST-MD5 has');
    this.#digest.check(token ?? NOTHING);
    return { type: 'done', bytes: null, rest: this.#bytes };
  }
}

function refusal(reason: string): AuthStep {
  return { type: 'refuse', bytes: null, reason };
}

/** Null while the packet is not whole. @throws JuteError */
function readPacket(bytes: Buffer): { packet: AuthPacket; rest: Buffer } | null {
  const reader = new JuteReader(bytes);
  try {
    const packet = readAuthPacket(reader);
    return { packet, rest: bytes.subarray(reader.offset) };
  } catch (error) {
    if (!(error instanceof JuteError && error.short) || bytes.length >= PACKET_BYTES_MAX) throw error;
    return null;
  }
}
