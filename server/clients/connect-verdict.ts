import { sessionPassword } from '../sessions/session-id.ts';
import type { ConnectRequest } from '../wire/connect.ts';
import { zxidToHex } from '../wire/zxid.ts';

/** The server's verdict on the first frame of a client. */
export type ConnectVerdict =
  /** The connection is closed without a reply. Seen on 3.8.0. */
  | { readonly kind: 'close'; readonly reason: string }
  /** The client gets a response without a session, and the connection ends. */
  | { readonly kind: 'refuse'; readonly reason: string }
  | { readonly kind: 'open' | 'renew'; readonly timeoutMs: number };

/** @see docs/wire.md "Client connections" */
export function judgeConnectRequest(
  request: ConnectRequest,
  { lastProcessedZxid, isReadOnly }: { readonly lastProcessedZxid: number; readonly isReadOnly: boolean },
  timeouts: { readonly minMs: number; readonly maxMs: number },
): ConnectVerdict {
  if (isReadOnly && request.readOnly !== true)
    return { kind: 'close', reason: 'this server is read-only, and its client has not asked for that' };
  // A client that has seen later zxids than this server must not read older state.
  if (request.lastZxidSeen > lastProcessedZxid) {
    const reason = `client has seen zxid ${zxidToHex(request.lastZxidSeen)}, this server ${zxidToHex(lastProcessedZxid)}`;
    return { kind: 'close', reason };
  }
  const timeoutMs = Math.min(Math.max(request.timeoutMs, timeouts.minMs), timeouts.maxMs);
  if (request.sessionId === 0n) return { kind: 'open', timeoutMs };
  if (request.password === null || !request.password.equals(sessionPassword(request.sessionId)))
    return { kind: 'refuse', reason: 'wrong password for a session' };
  return { kind: 'renew', timeoutMs };
}
