import type { JuteReader, JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import { readAuthRequest } from '../wire/requests.ts';
import type { ClientIdentities } from './client-identities.ts';

/** The scheme that an OpCode.sasl request uses. */
const SASL = 'sasl';

export interface Authentication {
  readonly scheme: string;
  /** False: the server answers AUTHFAILED and ends the connection. */
  readonly ok: boolean;
}

/** Carries out an auth or sasl request of a client. `reply` takes the body of the answer. */
export function authenticate(
  op: number,
  reader: JuteReader,
  ids: ClientIdentities,
  reply: JuteWriter,
): Authentication {
  return op === OpCode.auth ? byPacket(reader, ids) : bySasl(reader, ids, reply);
}

/** The answer to an auth packet has no body, and so no room for a challenge. */
function byPacket(reader: JuteReader, ids: ClientIdentities): Authentication {
  const { scheme, auth } = readAuthRequest(reader);
  return { scheme, ok: ids.step(scheme, auth).kind === 'proven' };
}

/**
 * A server without SASL answers a token with an empty one, and the client reports AUTH_FAILED to the
 * application. If the server closed the connection instead, the client would reconnect with the same token
 * forever. Seen on 3.8.0.
 */
function bySasl(reader: JuteReader, ids: ClientIdentities, reply: JuteWriter): Authentication {
  const token = reader.readBuffer();
  const step = ids.knows(SASL) ? ids.step(SASL, token) : null;
  reply.writeBuffer(step?.answer ?? null);
  return { scheme: SASL, ok: step?.kind !== 'failed' };
}
