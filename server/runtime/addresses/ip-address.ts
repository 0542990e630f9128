/**
 * Addresses as ACLs of the scheme "ip" name them: "10.0.0.1", "10.0.0.0/8", and IPv6 as upstream accepts it
 * since 3.9.5.
 */

interface IpRange {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** Null when the text is no address, or has more bits than an address of its family. */
export function parseIpRange(text: string): IpRange | null {
  const slash = text.indexOf('/');
  const bytes = addressBytes(slash < 0 ? text : text.slice(0, slash));
  if (bytes === null) return null;
  if (slash < 0) return { bytes, bits: bytes.length * 8 };
  const bits = readDecimal(text, slash + 1, text.length);
  return bits >= 0 && bits <= bytes.length * 8 ? { bytes, bits } : null;
}

/**
 * The first `bits` of an address. They are equal for two addresses of one length exactly when both lie in one
 * range of that size. A number for the 4 bytes of IPv4, which nearly every address has, text for the 16 of
 * IPv6.
 */
export function prefixOf(bytes: readonly number[], bits: number): number | string {
  if (bytes.length === 4) {
    const address = (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
    return bits === 0 ? 0 : address & (-1 << (32 - bits));
  }
  let prefix = '';
  for (let i = 0, left = bits; left > 0; i++, left -= 8) {
    prefix += String.fromCharCode(left >= 8 ? bytes[i]! : bytes[i]! & (0xff << (8 - left)));
  }
  return prefix;
}

/**
 * Returns 4 bytes or 16. An IPv4-mapped IPv6 address, as dual-stack sockets report it, counts as the IPv4
 * address.
 */
export function addressBytes(text: string): number[] | null {
  if (!text.includes(':')) return ipv4Bytes(text);
  const mapped = /^::ffff:([\d.]+)$/i.exec(text);
  return mapped === null ? ipv6Bytes(text) : ipv4Bytes(mapped[1]!);
}

/** Parses by character, without substrings: the ACLs of a request may name tens of thousands of addresses. */
function ipv4Bytes(text: string): number[] | null {
  const bytes: number[] = [];
  for (let start = 0; bytes.length < 4; ) {
    const dot = bytes.length < 3 ? text.indexOf('.', start) : text.length;
    const byte = dot < 0 ? -1 : readDecimal(text, start, dot);
    if (byte < 0 || byte > 0xff) return null;
    bytes.push(byte);
    start = dot + 1;
  }
  return bytes;
}

const [ZERO, PLUS, MINUS] = [0x30, 0x2b, 0x2d];
/** Larger than any part of an address. */
const DECIMAL_MAX = 999;

/** The value of a number as Java's Integer.parseInt reads it, with a sign or zeros; -1 for no such. */
function readDecimal(text: string, start: number, end: number): number {
  const sign = text.charCodeAt(start);
  const first = sign === PLUS || sign === MINUS ? start + 1 : start;
  if (end <= first) return -1;
  let value = 0;
  for (let i = first; i < end; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9 || value > DECIMAL_MAX) return -1;
    value = value * 10 + digit;
  }
  return sign === MINUS && value > 0 ? -1 : value;
}

const IPV6_GROUPS = 8;

function ipv6Bytes(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(half => (half === '' ? [] : half.split(':')));
  const groups = [...head!];
  if (tail === undefined) {
    if (groups.length !== IPV6_GROUPS) return null;
  } else {
    const gap = IPV6_GROUPS - head!.length - tail.length;
    if (gap < 1) return null;
    for (let i = 0; i < gap; i++) groups.push('0');
    groups.push(...tail);
  }
  const bytes: number[] = [];
  for (const group of groups) {
    if (!/^[\da-f]{1,4}$/i.test(group)) return null;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes;
}
