import { z } from 'zod';
import type { Random } from '../../../server/runtime/runtime.ts';
import { ApiError } from './api-error.ts';
import { type CountersOf, TcpProxy } from './proxy.ts';
import { decode } from './toxic.ts';

const fields = z.object({
  name: z.string().nullish(),
  listen: z.string().nullish(),
  upstream: z.string().nullish(),
  enabled: z.boolean().nullish(),
});
const changes = fields.omit({ name: true });
type Asked = z.infer<typeof fields>;

/** Result of a populate: the proxies created before `error`, if there was one. */
export interface Population {
  readonly proxies: readonly TcpProxy[];
  readonly error?: unknown;
}

/** The proxies by name. Whatever starts or stops one runs in turn, so that no two requests interleave. */
export class ProxyCollection {
  readonly #proxies = new Map<string, TcpProxy>();
  readonly #random: Random;
  readonly #countersOf: CountersOf;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(random: Random, countersOf: CountersOf) {
    this.#random = random;
    this.#countersOf = countersOf;
  }

  /** In the order of their names. */
  all(): TcpProxy[] {
    return [...this.#proxies.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): TcpProxy {
    const proxy = this.#proxies.get(name);
    if (proxy === undefined) throw new ApiError('proxyNotFound');
    return proxy;
  }

  create(body: unknown): Promise<TcpProxy> {
    return this.#inTurn(async () => {
      const asked = decode(fields, body);
      const proxy = this.#proxyOf(asked, '');
      if (this.#proxies.has(proxy.name)) throw new ApiError('proxyAlreadyExists');
      if (asked.enabled ?? true) await proxy.start();
      this.#proxies.set(proxy.name, proxy);
      return proxy;
    });
  }

  update(name: string, body: unknown): Promise<TcpProxy> {
    return this.#inTurn(async () => {
      const proxy = this.get(name);
      const asked = decode(changes, body);
      await proxy.update({
        listen: asked.listen ?? proxy.listen,
        upstream: asked.upstream ?? proxy.upstream,
        enabled: asked.enabled ?? proxy.enabled,
      });
      return proxy;
    });
  }

  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.get(name).stop();
      this.#proxies.delete(name);
    });
  }

  /**
   * Checks all fields before it creates the first proxy. A proxy that is already as requested is left alone.
   */
  populate(body: unknown): Promise<Population> {
    return this.#inTurn(async () => {
      const proxies: TcpProxy[] = [];
      try {
        const asked = decode(z.array(fields), body ?? []);
        const made = asked.map((each, index) => this.#proxyOf(each, ` at proxy ${index + 1}`));
        for (const [index, proxy] of made.entries())
          proxies.push(await this.#addOrReplace(proxy, asked[index]?.enabled ?? true));
        return { proxies };
      } catch (error) {
        return { proxies, error };
      }
    });
  }

  /** Enables every proxy and removes all toxics. */
  reset(): Promise<void> {
    return this.#inTurn(async () => {
      for (const proxy of this.all()) {
        await proxy.start();
        proxy.removeAllToxics();
      }
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      for (const proxy of this.all()) await proxy.stop();
      this.#proxies.clear();
    });
  }

  async #addOrReplace(proxy: TcpProxy, enabled: boolean): Promise<TcpProxy> {
    const existing = this.#proxies.get(proxy.name);
    if (existing !== undefined) {
      if (!existing.differs(proxy.listen, proxy.upstream)) return existing;
      await existing.stop();
    }
    if (enabled) await proxy.start();
    this.#proxies.set(proxy.name, proxy);
    return proxy;
  }

  #proxyOf({ name, listen, upstream }: Asked, where: string): TcpProxy {
    if (!name) throw new ApiError('missingField', `name${where}`);
    if (!upstream) throw new ApiError('missingField', `upstream${where}`);
    return new TcpProxy(name, listen ?? '', upstream, this.#random, this.#countersOf);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}
