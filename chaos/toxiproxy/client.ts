import { Toxiproxy as Client, type Proxy as ClientProxy } from 'toxiproxy-node-client';
import type { Direction } from './stand-in/toxic.ts';

export type ToxicAttributes = Readonly<Record<string, number>>;

export type ToxicName =
  | 'latency'
  | 'bandwidth'
  | 'slow_close'
  | 'timeout'
  | 'slicer'
  | 'limit_data'
  | 'reset_peer'
  // Of the stand-in alone.
  | 'packet_drop'
  | 'packet_delay'
  | 'packet_double';

export interface ToxicRequest {
  readonly name: string;
  readonly type: ToxicName;
  readonly stream: Direction;
  readonly attributes: ToxicAttributes;
  /** Share of connections, 0 to 1. @default 1 */
  readonly toxicity?: number;
}

export interface ProxyRequest {
  readonly name: string;
  /** host:port. With port 0 Toxiproxy chooses the port. */
  readonly listen: string;
  readonly upstream: string;
}

export interface ProxyState extends ProxyRequest {
  readonly enabled: boolean;
}

export interface ProxyDetails extends ProxyState {
  readonly toxics: readonly Pick<ToxicRequest, 'name' | 'type' | 'stream' | 'attributes'>[];
}

const REMOVE_ATTEMPTS = 3;
/** A Toxiproxy that stands still accepts requests and never answers; its own client would wait for ever. */
const ANSWER_MAX_MS = 20_000;

/** Names the request that failed and its proxy. `cause` is the client's error. */
export class ToxiproxyRequestError extends Error {
  override readonly name = 'ToxiproxyRequestError';
}

/**
 * toxiproxy-node-client with errors that name the proxy and the toxic. Its own give only a status code.
 * Proxies whose names lack the prefix belong to others: they are neither seen nor touched.
 */
export class ToxiproxyClient {
  readonly url: string;
  /** Put before every name on the way to Toxiproxy, and taken off on the way back. */
  readonly prefix: string;
  readonly #client: Client;

  constructor(url: string, prefix = '') {
    this.url = url;
    this.prefix = prefix;
    this.#client = new Client(url);
  }

  /** Creates all in one request. The answer contains the ports that Toxiproxy chose. */
  async populate(proxies: readonly ProxyRequest[]): Promise<ProxyState[]> {
    const made = await this.#ask(`populate ${proxies.length} proxies`, () =>
      this.#client.populate(proxies.map(proxy => ({ ...proxy, name: this.prefix + proxy.name }))),
    );
    return this.#own(Object.values(made));
  }

  async proxies(): Promise<ProxyState[]> {
    return this.#own(Object.values(await this.#ask('list proxies', () => this.#client.getAll())));
  }

  /** With the toxics of each, which toxiproxy-node-client leaves out. */
  async details(): Promise<ProxyDetails[]> {
    const answer = await this.#ask('list proxies', async () => {
      const response = await fetch(`${this.url}/proxies`, { signal: AbortSignal.timeout(ANSWER_MAX_MS) });
      return (await response.json()) as Readonly<Record<string, ProxyDetails>>;
    });
    return Object.values(answer)
      .filter(({ name }) => name.startsWith(this.prefix))
      .map(proxy => ({ ...proxy, name: proxy.name.slice(this.prefix.length) }));
  }

  removeProxy(name: string): Promise<void> {
    return this.#ask(`remove proxy ${name}`, async () => (await this.#get(name)).remove());
  }

  /** Closes the listener and its connections, or reopens the listener on its previous port. */
  async setEnabled(name: string, enabled: boolean): Promise<void> {
    await this.#ask(`${enabled ? 'enable' : 'disable'} proxy ${name}`, async () => {
      const proxy = await this.#get(name);
      await proxy.update({ enabled, listen: proxy.listen, upstream: proxy.upstream });
    });
  }

  async addToxic(proxyName: string, toxic: ToxicRequest): Promise<void> {
    await this.#ask(`add toxic ${toxic.name} (${toxic.type}) to proxy ${proxyName}`, async () => {
      const proxy = await this.#get(proxyName);
      // The client's own types know the toxics of Toxiproxy alone.
      const type = toxic.type as 'latency';
      await proxy.addToxic({ toxicity: 1, ...toxic, type });
    });
  }

  async updateToxic(proxyName: string, name: string, attributes: ToxicAttributes): Promise<void> {
    await this.#ask(`update toxic ${name} of proxy ${proxyName}`, async () => {
      const toxic = await (await this.#get(proxyName)).getToxic<ToxicAttributes>(name);
      const { type, stream, toxicity } = toxic;
      await toxic.update({ name, type, stream, toxicity, attributes });
    });
  }

  /**
   * When this returns the toxic is gone, whoever removed it. A removal that finds a link blocked answers 503
   * and may still have worked (Toxiproxy #500), so the toxic is looked up instead.
   */
  async removeToxic(proxyName: string, name: string): Promise<void> {
    await this.#ask(`remove toxic ${name} from proxy ${proxyName}`, async () => {
      const proxy = await this.#get(proxyName);
      for (let attempt = 1; ; attempt += 1) {
        const toxic = await proxy.getToxic(name).catch(isNotFound);
        if (toxic === undefined) return;
        try {
          return await toxic.remove();
        } catch (error) {
          if (attempt === REMOVE_ATTEMPTS) throw error;
        }
      }
    });
  }

  #get(name: string): Promise<ClientProxy> {
    return this.#client.get(this.prefix + name);
  }

  #own(proxies: readonly ClientProxy[]): ProxyState[] {
    return proxies
      .filter(({ name }) => name.startsWith(this.prefix))
      .map(({ name, listen, upstream, enabled }) => ({
        name: name.slice(this.prefix.length),
        listen,
        upstream,
        enabled,
      }));
  }

  async #ask<T>(what: string, request: () => Promise<T>): Promise<T> {
    try {
      return await inTime(request());
    } catch (cause) {
      const text = `Toxiproxy at ${this.url} did not ${what}: ${(cause as Error).message}`;
      throw new ToxiproxyRequestError(text, { cause });
    }
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MAX_MS} ms`)), ANSWER_MAX_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Undefined for status 404, which the client reports only in its message. */
function isNotFound(error: Error): undefined {
  if (!error.message.endsWith('status code 404')) throw error;
}
