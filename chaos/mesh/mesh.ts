import { join } from 'node:path';
import { cleanUpWithLab } from '../../bench/hosts/end-with-lab.ts';
import type { Host } from '../../bench/hosts/host.ts';
import { LOCAL_HOST } from '../../bench/hosts/local-host.ts';
import type { Random } from '../../server/runtime/runtime.ts';
import type { ProxyState, ToxiproxyClient } from '../toxiproxy/client.ts';
import { CLIENT, type Flow, type Link, type LinkKind } from './link.ts';
import { removeProxiesNow } from './remove-now.ts';
import { resolve, type Selection, type Selector, selectFlows, selectLinks } from './select.ts';
import { type MemberNow, votes } from './target.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

export interface MeshMember {
  /** Letters, digits, `-` and `_`; unique; not "client". */
  readonly name: string;
  readonly sid: number;
  /** As configured: participant or observer. `roleOf` gives the role at run time. */
  readonly role: string;
  /** Data centre. */
  readonly dc?: string | undefined;
  readonly ports: {
    readonly quorum: Address;
    readonly election: Address;
    readonly observerMaster?: Address;
    readonly client: Address;
  };
  /** Where the member runs, reads its link map, and dials its proxies. @default LOCAL_HOST */
  readonly host?: Pick<Host, 'labAddress' | 'folderFor' | 'writeFile'>;
}

export interface MeshOptions {
  readonly client: ToxiproxyClient;
  readonly members: readonly MeshMember[];
  /** Folder for the link maps, on the host of each member; created when missing. */
  readonly folder: string;
  /** The present role: leader, follower, observer ... @default the configured role */
  readonly roleOf?: (name: string) => string | Promise<string>;
  /** By the name of an observer: the member that it follows now. @default unknown */
  readonly masterOf?: (name: string) => Promise<string | undefined>;
  /** Of all links between members, those that get a proxy; members dial the others directly. @default all */
  readonly isProxied?: (from: MeshMember, to: MeshMember) => boolean;
  /** The lab did not start this Toxiproxy: it stays, and must be left without proxies. @default false */
  readonly outlivesLab?: boolean;
}

/**
 * One proxy for each directed pair of members and each port, if the pair has proxies, and one for the clients
 * of each member. Members keep their real addresses in their configuration; the link map of each routes what
 * it dials through its own proxies.
 */
export class Mesh {
  readonly links: readonly Link[];
  readonly #options: MeshOptions;
  readonly #forget: () => void;

  private constructor(links: readonly Link[], options: MeshOptions) {
    this.links = links;
    this.#options = options;
    const removeNow = () => {
      const { url, prefix } = options.client;
      const names = links.map(({ name }) => prefix + name);
      removeProxiesNow(url, names);
    };
    this.#forget = options.outlivesLab ? cleanUpWithLab(removeNow) : () => {};
  }

  /** Creates all proxies in one request and writes the link maps. */
  static async build(options: MeshOptions): Promise<Mesh> {
    const { client, members } = options;
    checkNames(members);
    const wanted = members.flatMap(to => linksTo(to, members, options.isProxied));
    const made = await populate(client, wanted, listenAddresses(members));
    const listens = new Map(made.map(({ name, listen }) => [name, listen]));
    const mesh = new Mesh(
      wanted.map(link => ({ ...link, proxied: listens.get(link.name)! })),
      options,
    );
    try {
      for (const member of members) await mesh.#writeLinkMap(member);
    } catch (error) {
      await mesh.remove();
      throw error;
    }
    return mesh;
  }

  /** For the `--link-map` option of the member. */
  linkMapFile(member: string): string {
    const { host = LOCAL_HOST } = this.#options.members.find(({ name }) => name === member) ?? {};
    return join(host.folderFor(this.#options.folder), `${member}.links.json`);
  }

  /** host:port at which clients reach the member through its proxy. */
  clientAddress(member: string): string {
    const link = this.links.find(each => each.kind === 'client' && each.to === member);
    if (link === undefined)
      throw new Error(`there is no member ${member}; members are ${this.#names().join(', ')}`);
    return link.proxied;
  }

  /** @param random chooses where the selector leaves a choice. @throws TargetError, SelectorError */
  async select(selector: Selector, random: Random): Promise<Link[]> {
    return selectLinks(this.links, await resolve(selector, await this.now(), random));
  }

  /** @throws TargetError, SelectorError */
  async flows(selector: Selector, random: Random): Promise<Flow[]> {
    return this.flowsOf(await resolve(selector, await this.now(), random));
  }

  /** @throws SelectorError */
  flowsOf(selection: Selection): Flow[] {
    return selectFlows(this.links, selection);
  }

  /** The members with their present roles. Leadership moves, so they are asked at each selection. */
  async now(): Promise<MemberNow[]> {
    const { members, roleOf, masterOf } = this.#options;
    return Promise.all(
      members.map(async ({ name, role: configured, dc }) => {
        const role = (await roleOf?.(name)) ?? configured;
        const isVoter = votes(role, configured === 'participant');
        return { name, role, isVoter, dc, ...(masterOf && { masterOf: () => masterOf(name) }) };
      }),
    );
  }

  /** Deletes every proxy of the mesh. It tries them all before it fails. */
  async remove(): Promise<void> {
    const { client } = this.#options;
    const results = await Promise.allSettled(this.links.map(({ name }) => client.removeProxy(name)));
    const errors = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} proxies were not removed`);
    this.#forget();
  }

  async #writeLinkMap({ name, host = LOCAL_HOST }: MeshMember): Promise<void> {
    const dialed = this.links.filter(({ from }) => from === name);
    const map = Object.fromEntries(dialed.map(({ address, proxied }) => [address, proxied]));
    await host.writeFile(this.linkMapFile(name), `${JSON.stringify(map, undefined, 2)}\n`);
  }

  #names(): string[] {
    return this.#options.members.map(({ name }) => name);
  }
}

/** Creates all proxies or none. Toxiproxy itself keeps what it created before an error. */
async function populate(
  client: ToxiproxyClient,
  wanted: readonly Omit<Link, 'proxied'>[],
  listenAt: ReadonlyMap<string, string>,
): Promise<ProxyState[]> {
  try {
    return await client.populate(
      wanted.map(({ name, from, address }) => ({ name, listen: listenAt.get(from)!, upstream: address })),
    );
  } catch (error) {
    const names = new Set(wanted.map(({ name }) => name));
    // Toxiproxy itself may be gone; the first error is the one to tell.
    const left = (await client.proxies().catch(() => [])).filter(({ name }) => names.has(name));
    await Promise.allSettled(left.map(({ name }) => client.removeProxy(name)));
    throw error;
  }
}

/** By dialer: where its proxies listen. The lab's own clients, like Toxiproxy, run on the lab's machine. */
function listenAddresses(members: readonly MeshMember[]): ReadonlyMap<string, string> {
  const dialers = members.map(({ name, host = LOCAL_HOST }) => [name, `${host.labAddress}:0`] as const);
  return new Map([...dialers, [CLIENT, `${LOCAL_HOST.labAddress}:0`]]);
}

function linksTo(
  to: MeshMember,
  members: readonly MeshMember[],
  isProxied: NonNullable<MeshOptions['isProxied']> = () => true,
): Omit<Link, 'proxied'>[] {
  const { quorum, election, observerMaster, client } = to.ports;
  const link = (from: string, kind: LinkKind, { host, port }: Address) => ({
    name: `${from}.${to.name}.${kind}`,
    from,
    to: to.name,
    kind,
    address: `${host}:${port}`,
  });
  const others = members.filter(from => from.name !== to.name && isProxied(from, to)).map(({ name }) => name);
  return [
    ...others.flatMap(from => [
      link(from, 'election', election),
      link(from, 'quorum', quorum),
      ...(observerMaster === undefined ? [] : [link(from, 'observerMaster', observerMaster)]),
    ]),
    link(CLIENT, 'client', client),
  ];
}

/** Names become parts of proxy names and of URL paths. */
function checkNames(members: readonly MeshMember[]): void {
  const seen = new Set<string>([CLIENT]);
  for (const { name } of members) {
    if (!/^[\w-]+$/.test(name) || seen.has(name))
      throw new Error(
        `member name ${JSON.stringify(name)}; accepted are letters, digits, - and _, and names must be unique`,
      );
    seen.add(name);
  }
}
