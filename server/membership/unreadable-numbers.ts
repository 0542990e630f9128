import { parseInt32, parseInt64 } from '../properties/java-values.ts';
import { PORT_MAX } from '../properties/key-kinds.ts';
import { parseProperties } from '../properties/properties.ts';

/**
 * Numbers of a configuration at which Java throws an exception of its own. Upstream refuses a reconfig with
 * them by another code than one that is wrong in any other way, and tools can tell.
 *
 * @see docs/reconfiguration.md "Errors"
 */

/** Reads a number as Long.parseLong does. */
export function readsAsLong(text: string): boolean {
  return parseInt64(text) !== undefined;
}

const HEX_LONG = /^[+-]?[0-9a-fA-F]{1,16}$/;

/** @throws ServerError for a text that is not in the form of a properties file */
export function hasUnreadableNumber(text: string): boolean {
  return [...parseProperties(text)].some(([key, value]) => isUnreadable(key.trim(), value.trim()));
}

function isUnreadable(key: string, value: string): boolean {
  const id = key.slice(key.indexOf('.') + 1);
  if (key.startsWith('server.')) return !readsAsLong(id) || hasUnreadablePort(value);
  if (key.startsWith('group')) return !readsAsLong(id) || !sidsOf(value).every(readsAsLong);
  if (key.startsWith('weight')) return !readsAsLong(id) || !readsAsLong(value);
  return key === 'version' && !HEX_LONG.test(value);
}

/** Splits as String.split does: empty parts at the end do not count. */
function sidsOf(value: string): string[] {
  const listed = value.replace(/:+$/, '');
  return listed === '' && value !== '' ? [] : listed.split(':');
}

/**
 * Whether the first thing wrong with a server line is a number that is no port. The client parts are read
 * first, as upstream. @see QuorumServer.initializeWithAddressString
 */
export function hasUnreadablePort(line: string): boolean {
  const [peers = '', client = '', secure = '', ...rest] = line.split(';');
  const clients = rest.length > 0 ? [client] : [client, secure];
  for (const text of clients) {
    const port = text === '' ? 'port' : kindOf(partsOf(text).at(-1));
    if (port !== 'port') return port === 'out of range';
  }
  for (const group of peers.split('|')) {
    const [, quorum, election] = partsOf(group);
    for (const text of [quorum, election]) {
      const kind = kindOf(text);
      if (kind !== 'port') return kind === 'out of range';
    }
  }
  return false;
}

function partsOf(text: string): string[] {
  return text
    .trim()
    .replace(/^\[[^\]]*\]/, 'host')
    .split(':');
}

function kindOf(text: string | undefined): 'port' | 'out of range' | 'no number' {
  const port = parseInt32(text ?? '');
  if (port === undefined) return 'no number';
  return port >= 0 && port <= PORT_MAX ? 'port' : 'out of range';
}
