/**
 * How a session, or the attempt to open one, ended. The codes are stable; availability probes classify by
 * them.
 */
export const sessionErrors = {
  REFUSED: 'nothing listens at the address, or the host cannot be reached',
  CONNECT_TIMEOUT: 'no ConnectResponse within the connect timeout',
  TURNED_AWAY:
    'the server closed before a ConnectResponse: read-only, not serving, behind our zxid, or throttled',
  SESSION_EXPIRED: 'the server does not know the session, or the password is wrong',
  CONNECTION_LOSS: 'an established connection ended',
  READ_TIMEOUT: 'nothing was heard for two thirds of the session timeout',
  PROTOCOL: 'the server sent what the protocol does not allow',
  CLOSED: 'we closed the session',
} as const;
export type SessionErrorCode = keyof typeof sessionErrors;

export class SessionError extends Error {
  readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SessionError';
    this.code = code;
  }
}
