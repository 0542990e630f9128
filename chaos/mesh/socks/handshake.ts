/** The server's side of a SOCKS5 handshake (RFC 1928) without authentication, as bytes in and bytes out. */

export interface Destination {
  readonly host: string;
  readonly port: number;
}

export type Step =
  | { readonly kind: 'more' }
  /** Send this, and go on with the bytes after `taken`. */
  | { readonly kind: 'reply'; readonly bytes: Buffer; readonly taken: number }
  /** Dial this, and send the result. Whatever follows `taken` is for the other side. */
  | { readonly kind: 'dial'; readonly to: Destination; readonly taken: number }
  /** Send this, and end the connection. */
  | { readonly kind: 'refuse'; readonly bytes: Buffer };

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** What a CONNECT is answered with. */
const REPLIES = {
  succeeded: 0,
  failed: 1,
  unreachable: 4,
  refused: 5,
  notSupported: 7,
  addressNotSupported: 8,
} as const;

const MORE: Step = { kind: 'more' };
const NO_METHOD: Step = { kind: 'refuse', bytes: Buffer.from([VERSION, 0xff]) };

/** The first message: the methods that the client offers. @param bytes everything that has come so far */
export function greeting(bytes: Buffer): Step {
  if (bytes.length > 0 && bytes[0] !== VERSION) return NO_METHOD;
  const count = bytes[1];
  if (count === undefined || bytes.length < 2 + count) return MORE;
  if (!bytes.subarray(2, 2 + count).includes(NO_AUTHENTICATION)) return NO_METHOD;
  return { kind: 'reply', bytes: Buffer.from([VERSION, NO_AUTHENTICATION]), taken: 2 + count };
}

/** The second message: what to dial. @param bytes everything that has come after the greeting */
export function request(bytes: Buffer): Step {
  if (bytes.length > 0 && bytes[0] !== VERSION) return { kind: 'refuse', bytes: reply('failed') };
  const [, command, , type] = bytes;
  if (type === undefined) return MORE;
  if (command !== CONNECT) return { kind: 'refuse', bytes: reply('notSupported') };
  const hostBytes = type === IPV4 ? 4 : type === IPV6 ? 16 : type === NAME ? bytes[4] : -1;
  if (hostBytes === -1) return { kind: 'refuse', bytes: reply('addressNotSupported') };
  const from = type === NAME ? 5 : 4;
  if (hostBytes === undefined || bytes.length < from + hostBytes + 2) return MORE;
  const host = hostOf(type, bytes.subarray(from, from + hostBytes));
  const port = bytes.readUInt16BE(from + hostBytes);
  return { kind: 'dial', to: { host, port }, taken: from + hostBytes + 2 };
}

function hostOf(type: number, bytes: Buffer): string {
  if (type === NAME) return bytes.toString('latin1');
  if (type === IPV4) return bytes.join('.');
  return Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16)).join(':');
}

/** The bound address in it is of no use to anybody. */
export function reply(what: keyof typeof REPLIES): Buffer {
  return Buffer.from([VERSION, REPLIES[what], 0, IPV4, 0, 0, 0, 0, 0, 0]);
}

export function replyTo(error: NodeJS.ErrnoException): Buffer {
  if (error.code === 'ECONNREFUSED') return reply('refused');
  if (error.code === 'EHOSTUNREACH' || error.code === 'ENETUNREACH') return reply('unreachable');
  return reply('failed');
}
