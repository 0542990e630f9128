/**
 * One running topology: its members as processes, a proxy on every link between them, and their current
 * roles.
 */
import { join } from 'node:path';
import { Ensemble } from '../../bench/topology/ensemble.ts';
import { deathRows } from '../../bench/topology/ensemble-health.ts';
import type { Member } from '../../bench/topology/member.ts';
import { type PlanOptions, planEnsemble } from '../../bench/topology/plan.ts';
import type { EnsemblePlan } from '../../bench/topology/planned.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import type { EventSink } from '../../results/events.ts';
import type { Death } from '../../results/schema.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { FaultContext, FaultMember } from '../faults/context.ts';
import { faultMember, linkMaps, meshMembers, type Naming, ofApache } from '../members.ts';
import { Mesh } from '../mesh/mesh.ts';
import type { Target } from '../mesh/select.ts';
import { type SocksServers, startSocks } from '../mesh/socks/start.ts';
import { ToxiproxyClient } from '../toxiproxy/client.ts';
import type { Toxiproxy } from '../toxiproxy/toxiproxy.ts';

/** Of two voters, neither writes without the other. */
const REPLACING_VOTERS_MIN = 3;

/** Whether the voters that are left without the leader can elect another one. */
export function canReplaceLeader(topology: Topology): boolean {
  return votersOf(topology) >= REPLACING_VOTERS_MIN;
}

export function hasFollowers({ topology }: Stage): boolean {
  return votersOf(topology) > 1;
}

function votersOf({ members }: Topology): number {
  return members.filter(({ role }) => role === 'participant').length;
}

export function hasObservers({ topology }: Stage): boolean {
  return topology.members.some(({ role }) => role === 'observer');
}

export interface StageOptions {
  readonly topology: Topology;
  /** Names its files and progress messages. A topology may run twice, with proxies and without. */
  readonly label: string;
  readonly folder: string;
  readonly temporaryFolder: string;
  readonly hostOf?: PlanOptions['hostOf'];
  /** Undefined: no proxies, so link faults are not possible. */
  readonly toxiproxy: Pick<Toxiproxy, 'kind' | 'url' | 'proxyPrefix'> | undefined;
  /** The links that get a proxy, if there are proxies. @default all */
  readonly proxied?: 'all' | 'observers';
  readonly seed: number;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

/** Which member has which part in a measurement. */
export interface RoleAssignment {
  readonly leader: Member;
  /** The follower that is loaded and never the target of a fault. */
  readonly keptFollower: Member | undefined;
  /** The follower that faults of a single voter target. */
  readonly victim: Member | undefined;
  readonly observers: readonly Member[];
}

const ASSIGNMENT_MAX_MS = 20_000;

export class Stage {
  readonly topology: Topology;
  readonly label: string;
  readonly ensemble: Ensemble;
  #links: Links | undefined;
  readonly #proxiesStay: boolean;
  readonly #faults: FaultContext | undefined;
  readonly #begun: { readonly at: number; readonly what: string }[] = [];
  readonly #processFaults: { members: FaultMember[]; random: SeededRandom };

  private constructor(
    { topology, label, seed, toxiproxy }: StageOptions,
    ensemble: Ensemble,
    links: Links | undefined,
  ) {
    this.topology = topology;
    this.label = label;
    this.ensemble = ensemble;
    this.#links = links;
    this.#proxiesStay = toxiproxy?.kind === 'external';
    this.#processFaults = {
      members: ensemble.members.map(member => faultMember(ensemble, member)),
      random: new SeededRandom(seed),
    };
    if (links !== undefined)
      this.#faults = { client: links.client, mesh: links.mesh, ...this.#processFaults };
  }

  /** Settles when every member serves in its role. @throws EnsembleError; nothing is left running */
  static async start(options: StageOptions): Promise<Stage> {
    const { topology, folder, temporaryFolder, hostOf, toxiproxy, signal } = options;
    const plan = await planEnsemble(topology, folder, { hostOf });
    // Faults ask for roles when they choose their targets, and by then the ensemble exists.
    let ensemble: Ensemble | undefined;
    const links = toxiproxy && (await proxiedLinks(options, toxiproxy, plan, () => ensemble));
    try {
      ensemble = await Ensemble.start(plan, {
        temporaryFolder,
        onMember: event => options.events.emit({ kind: 'member', topology: topology.name, ...event }),
        signal,
        ...(links && { linkMaps: links.maps }),
        ...(links?.socks && { socksServers: links.socks.addresses }),
      });
      return new Stage(options, ensemble, links);
    } catch (error) {
      await links?.remove().catch(() => {});
      throw error;
    }
  }

  get name(): string {
    return this.topology.name;
  }

  /** @throws Error when the stage has no proxies */
  get faults(): FaultContext {
    if (this.#faults === undefined)
      throw new Error(`${this.name}: its links are direct, so no fault of a link is possible`);
    return this.#faults;
  }

  get hasLinks(): boolean {
    return this.#links !== undefined;
  }

  /** The names of its proxies. */
  get proxies(): string[] {
    return this.#links?.mesh.links.map(({ name }) => name) ?? [];
  }

  /** For process faults, which need no proxy. */
  get processFaults(): { members: readonly FaultMember[]; random: SeededRandom } {
    return this.#processFaults;
  }

  /** Members as the selectors of faults name them. */
  ends(members: readonly Member[]): Target {
    return { name: members.map(({ name }) => linkEnd(this.label, name)) };
  }

  /** Names of links and members as reports show them, without the topology, which stands beside them. */
  shortNames(links: readonly string[]): string[] {
    return links.map(link => link.replaceAll(linkEnd(this.label, ''), ''));
  }

  /**
   * No fault is in force when this is asked. @throws EnsembleError when there is no leader, or two, for
   * ASSIGNMENT_MAX_MS, or an observer does not get behind a master
   */
  async assignRoles(): Promise<RoleAssignment> {
    await this.ensemble.moveBehindMasters();
    const leader = await this.ensemble.leaderWithin(ASSIGNMENT_MAX_MS);
    const followers = this.ensemble.members.filter(
      member => member.plan.role === 'participant' && member !== leader,
    );
    const observers = this.ensemble.members.filter(({ plan }) => plan.role === 'observer');
    return { leader, keptFollower: followers[0], victim: followers.at(-1), observers };
  }

  /** Says what is done from now on, for the record of a member that ends meanwhile. */
  begin(what: string): void {
    this.#begun.push({ at: Date.now(), what });
  }

  /** Processes of members that ended although the lab did not end them. */
  deaths(): Death[] {
    const during = (atMs: number) => this.#begun.findLast(each => each.at <= atMs)?.what ?? 'the start';
    return deathRows(this.ensemble, this.name, during);
  }

  /** Its proxies go too, because a run may start many stages one after the other. */
  async stop(): Promise<void> {
    const links = this.#links;
    this.#links = undefined;
    try {
      await this.ensemble.stop();
    } finally {
      await links?.remove().catch((error: unknown) => {
        // A Toxiproxy that was started here takes its proxies with it, and may be gone already.
        if (this.#proxiesStay) throw error;
      });
    }
  }
}

/** What stands on the links between members. */
interface Links {
  readonly client: ToxiproxyClient;
  readonly mesh: Mesh;
  readonly maps: ReadonlyMap<string, string>;
  /** Of members of Apache ZooKeeper that dial through proxies. */
  readonly socks: SocksServers | undefined;
  remove(): Promise<void>;
}

async function proxiedLinks(
  { label, folder, proxied = 'all' }: StageOptions,
  { kind, url, proxyPrefix }: NonNullable<StageOptions['toxiproxy']>,
  plan: EnsemblePlan,
  ensemble: () => Ensemble | undefined,
): Promise<Links> {
  const client = new ToxiproxyClient(url, proxyPrefix);
  const naming: Naming = name => linkEnd(label, name);
  // A SOCKS server takes all connections of its member. Where voters have direct links, they have none.
  const observers = new Set(plan.members.flatMap(({ name, role }) => (role === 'observer' ? [name] : [])));
  const mesh = await Mesh.build({
    client,
    folder: join(folder, 'links'),
    members: meshMembers(plan, naming),
    ...(proxied === 'observers' && {
      isProxied: (from, to) => [from.role, to.role].includes('observer'),
    }),
    roleOf: async end => (await ensemble()?.member(nameOf(label, end)).mode()) ?? 'down',
    masterOf: async end => {
      const master = (await ensemble()?.learnerMasters())?.get(nameOf(label, end));
      return master && naming(master);
    },
    outlivesLab: kind === 'external',
  });
  try {
    const maps = linkMaps(mesh, plan, naming);
    const socks = await startSocks(
      new Map([...ofApache(plan, maps)].filter(([name]) => proxied === 'all' || observers.has(name))),
    );
    const remove = async () => {
      await Promise.all([socks?.stop(), mesh.remove()]);
    };
    return { client, mesh, maps, socks, remove };
  } catch (error) {
    await mesh.remove().catch(() => {});
    throw error;
  }
}

/** One Toxiproxy serves the meshes of all stages, so the label of the stage is part of each proxy name. */
function linkEnd(label: string, name: string): string {
  return `${label.replace(/[^\w]+/g, '-')}--${name}`;
}

function nameOf(label: string, end: string): string {
  return end.slice(linkEnd(label, '').length);
}
