import type { JuteReader, JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { readAuthRequest } from '../wire/requests.ts';
import type { ClientIdentities } from './client-identities.ts';

/** The scheme behind requests of OpCode.sasl. */
const SASL = 'sasl';

export interface Authentication {
  readonly scheme: string;
  /** False: AUTHFAILED, and the connection ends. */
  readonly ok: boolean;
}

/** Takes an auth or sasl request of a client, whose answer has what is written to `reply`. */
export function authenticate(
  op: number,
  reader: JuteReader,
  ids: ClientIdentities,
  reply: JuteWriter,
): Authentication {
  return op === OpCode.auth ? byPacket(reader, ids) : bySasl(reader, ids, reply);
}

/** The answer has no body, and so no room for a challenge. */
function byPacket(reader: JuteReader, ids: ClientIdentities): Authentication {
  const { scheme, auth } = readAuthRequest(reader);
  return { scheme, ok: ids.step(scheme, auth).kind === 'proven' };
}

/**
 * A server without SASL answers a token with none, and its client says AUTH_FAILED to the application. Were
 * the connection closed instead, the client would come back with the same token without end. Seen on 3.8.0.
 */
function bySasl(reader: JuteReader, ids: ClientIdentities, reply: JuteWriter): Authentication {
  const token = reader.readBuffer();
  const step = ids.knows(SASL) ? ids.step(SASL, token) : null;
  reply.writeBuffer(step?.answer ?? null);
  return { scheme: SASL, ok: step?.kind !== 'failed' };
}
