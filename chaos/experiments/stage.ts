/**
 * One running topology: its members as processes, a proxy on every link between them, and their current
 * roles.
 */
import { join } from 'node:path';
import { Ensemble } from '../../bench/topology/ensemble.ts';
import { deathRows } from '../../bench/topology/ensemble-health.ts';
import type { Member } from '../../bench/topology/member.ts';
import { type PlanOptions, planEnsemble } from '../../bench/topology/plan.ts';
import type { Topology } from '../../bench/topology/topology.ts';
import type { EventSink } from '../../results/events.ts';
import type { Death } from '../../results/schema.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { FaultContext, FaultMember } from '../faults/context.ts';
import { faultMember, linkMaps, meshMembers, type Naming } from '../members.ts';
import { Mesh } from '../mesh/mesh.ts';
import type { Target } from '../mesh/select.ts';
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
export interface Cast {
  readonly leader: Member;
  /** The follower that is loaded and never the target of a fault. */
  readonly keptFollower: Member | undefined;
  /** The follower that faults of a single voter target. */
  readonly victim: Member | undefined;
  readonly observers: readonly Member[];
}

const CAST_MAX_MS = 20_000;

export class Stage {
  readonly topology: Topology;
  readonly label: string;
  readonly ensemble: Ensemble;
  #mesh: Mesh | undefined;
  readonly #proxiesStay: boolean;
  readonly #faults: FaultContext | undefined;
  readonly #begun: { readonly at: number; readonly what: string }[] = [];
  readonly #processFaults: { members: FaultMember[]; random: SeededRandom };

  private constructor(
    { topology, label, seed, toxiproxy }: StageOptions,
    ensemble: Ensemble,
    mesh: Mesh | undefined,
    client: ToxiproxyClient | undefined,
  ) {
    this.topology = topology;
    this.label = label;
    this.ensemble = ensemble;
    this.#mesh = mesh;
    this.#proxiesStay = toxiproxy?.kind === 'external';
    this.#processFaults = {
      members: ensemble.members.map(member => faultMember(ensemble, member)),
      random: new SeededRandom(seed),
    };
    if (mesh !== undefined && client !== undefined) this.#faults = { client, mesh, ...this.#processFaults };
  }

  /** Settles when every member serves in its role. @throws EnsembleError; nothing is left running */
  static async start(options: StageOptions): Promise<Stage> {
    const { topology, label, folder, temporaryFolder, hostOf, toxiproxy, proxied, signal } = options;
    const plan = await planEnsemble(topology, folder, { hostOf });
    const client = toxiproxy && new ToxiproxyClient(toxiproxy.url, toxiproxy.proxyPrefix);
    const naming: Naming = name => linkEnd(label, name);
    let ensemble: Ensemble | undefined;
    const mesh =
      client &&
      (await Mesh.build({
        client,
        folder: join(folder, 'links'),
        members: meshMembers(plan, naming),
        ...(proxied === 'observers' && {
          isProxied: (from, to) => [from.role, to.role].includes('observer'),
        }),
        // Faults ask for roles when they choose their targets, and by then the ensemble exists.
        roleOf: async end => (await ensemble?.member(nameOf(label, end)).mode()) ?? 'down',
        masterOf: async end => {
          const master = (await ensemble?.learnerMasters())?.get(nameOf(label, end));
          return master && naming(master);
        },
        outlivesLab: toxiproxy?.kind === 'external',
      }));
    try {
      ensemble = await Ensemble.start(plan, {
        temporaryFolder,
        onMember: event => options.events.emit({ kind: 'member', topology: topology.name, ...event }),
        signal,
        ...(mesh && { linkMaps: linkMaps(mesh, plan, naming) }),
      });
      return new Stage(options, ensemble, mesh, client);
    } catch (error) {
      await mesh?.remove().catch(() => {});
      throw error;
    }
  }

  get name(): string {
    return this.topology.name;
  }

  /** @throws Error when the stage has no proxies */
  get faults(): FaultContext {
    if (this.#faults === undefined)
      throw new Error(`${this.name}: faults of links need link maps, which only zklab's server reads`);
    return this.#faults;
  }

  get hasLinks(): boolean {
    return this.#mesh !== undefined;
  }

  /** The names of its proxies. */
  get proxies(): string[] {
    return this.#mesh?.links.map(({ name }) => name) ?? [];
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
   * CAST_MAX_MS, or an observer does not get behind a master
   */
  async cast(): Promise<Cast> {
    await this.ensemble.moveBehindMasters();
    const leader = await this.ensemble.leaderWithin(CAST_MAX_MS);
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
    const mesh = this.#mesh;
    this.#mesh = undefined;
    try {
      await this.ensemble.stop();
    } finally {
      await mesh?.remove().catch((error: unknown) => {
        // A Toxiproxy that was started here takes its proxies with it, and may be gone already.
        if (this.#proxiesStay) throw error;
      });
    }
  }
}

/** One Toxiproxy serves the meshes of all stages, so the label of the stage is part of each proxy name. */
function linkEnd(label: string, name: string): string {
  return `${label.replace(/[^\w]+/g, '-')}--${name}`;
}

function nameOf(label: string, end: string): string {
  return end.slice(linkEnd(label, '').length);
}
