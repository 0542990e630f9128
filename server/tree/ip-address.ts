/** Addresses as ACLs of scheme "ip" name them: "10.0.0.1", "10.0.0.0/8", and IPv6 as upstream takes since 3.9.5. */

interface IpRange {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** Null when the text is no address, or the bits are more than it has. */
export function parseIpRange(text: string): IpRange | null {
  const slash = text.indexOf('/');
  const bytes = addressBytes(slash < 0 ? text : text.slice(0, slash));
  if (bytes === null) return null;
  if (slash < 0) return { bytes, bits: bytes.length * 8 };
  const suffix = text.slice(slash + 1);
  const bits = /^\d{1,3}$/.test(suffix) ? Number(suffix) : -1;
  return bits >= 0 && bits <= bytes.length * 8 ? { bytes, bits } : null;
}

/** Whether a client's address lies in the range of an ACL. */
export function ipMatches(address: string, range: string): boolean {
  const wanted = parseIpRange(range);
  const given = addressBytes(address);
  if (wanted === null || given === null || wanted.bytes.length !== given.length) return false;
  for (let i = 0, bits = wanted.bits; bits > 0; i++, bits -= 8) {
    const mask = bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff;
    if (((wanted.bytes[i]! ^ given[i]!) & mask) !== 0) return false;
  }
  return true;
}

/** 4 bytes or 16. An IPv4 address in IPv6 clothes, as dual-stack sockets report it, is the IPv4 address. */
function addressBytes(text: string): number[] | null {
  if (!text.includes(':')) return ipv4Bytes(text);
  const mapped = /^::ffff:([\d.]+)$/i.exec(text);
  return mapped === null ? ipv6Bytes(text) : ipv4Bytes(mapped[1]!);
}

function ipv4Bytes(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every(part => /^\d{1,3}$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every(byte => byte <= 0xff) ? bytes : null;
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
