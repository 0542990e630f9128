import { readFileSync, statSync } from 'node:fs';
import { ServerError } from '../../errors.ts';
import type { Logger } from '../logging/logger.ts';
import type { Address } from '../runtime.ts';
import { canonicalHost, formatAddress } from './host-address.ts';

/**
 * `--link-map FILE`: where to dial instead, {"host:port": "host:port"}. Elections and NEWLEADER pass
 * addresses between servers, so a proxy's address in a configuration would be bypassed (QuorumCnxManager,
 * Learner). The map therefore applies to the address that is finally dialed. The file is checked at each
 * dial; dials are rare.
 */
export class LinkMap {
  readonly #file: string;
  readonly #logger: Logger;
  #seen = '';
  #map = new Map<string, Address>();

  /** @throws ServerError ZK_LINK_MAP */
  constructor(file: string, logger: Logger) {
    this.#file = file;
    this.#logger = logger;
    this.#reload();
  }

  /** A file that became bad later leaves the last good map in force. */
  translate(address: Address): Address {
    try {
      this.#reload();
    } catch (error) {
      this.#logger.warn(`the link map stays as it was: ${(error as Error).message}`);
    }
    return this.#map.get(keyOf(address)) ?? address;
  }

  #reload(): void {
    let text: string;
    try {
      const stat = statSync(this.#file);
      const version = `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
      if (version === this.#seen) return;
      text = readFileSync(this.#file, 'utf8');
      this.#seen = version;
    } catch (error) {
      throw new ServerError(
        'ZK_LINK_MAP',
        `link map ${this.#file} cannot be read: ${(error as Error).message}`,
      );
    }
    this.#map = parseLinkMap(text, this.#file);
  }
}

/** @throws ServerError ZK_LINK_MAP naming the file and the entry */
export function parseLinkMap(text: string, file: string): Map<string, Address> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ServerError('ZK_LINK_MAP', `link map ${file} is not JSON: ${(error as Error).message}`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ServerError('ZK_LINK_MAP', `link map ${file} must be one object {"host:port": "host:port"}`);
  }
  const map = new Map<string, Address>();
  for (const [from, to] of Object.entries(json)) {
    const match = typeof to === 'string' ? /^(.+):(\d{1,5})$/.exec(to) : null;
    const port = Number(match?.[2]);
    if (match === null || !/^.+:\d{1,5}$/.test(from) || port < 1 || port > 65_535) {
      throw new ServerError(
        'ZK_LINK_MAP',
        `link map ${file}: ${JSON.stringify(from)}: ${JSON.stringify(to)} must be "host:port": "host:port"`,
      );
    }
    const dialed = /^(.+):(\d{1,5})$/.exec(from)!;
    map.set(keyOf({ host: dialed[1]!, port: Number(dialed[2]) }), { host: canonicalHost(match[1]!), port });
  }
  return map;
}

/** One key for each address, however it is spelled. */
function keyOf({ host, port }: Address): string {
  return formatAddress({ host: canonicalHost(host), port });
}
