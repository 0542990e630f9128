/** Takes faults for an ensemble of `zklab up`, one at a time, keeps those in force, and heals them. */
import { Origin } from '../../bench/origin.ts';
import { UsageError } from '../../bench/usage-error.ts';
import type { EventSink } from '../../results/events.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import type { FaultContext } from '../faults/context.ts';
import type { ActiveFault } from '../faults/fault.ts';
import { faultHostOf } from '../faults/host.ts';
import { readFault, refusalOf, type WrittenFault } from '../faults/index.ts';
import { placeOf } from '../faults/nemesis/fault-span.ts';
import { proofOf } from '../faults/nemesis/in-force.ts';
import { faultMember } from '../members.ts';
import { readLinkStates } from '../mesh/link-states.ts';
import type { UpEnsemble } from '../up-description.ts';
import { faultOf, type Present } from './fault-words.ts';

/** A fault in force. */
export interface FaultInForce {
  readonly id: number;
  readonly fault: WrittenFault;
  /** Its place in words, such as `20 links of v1`. */
  readonly on: string;
  /** Ms since 1970. */
  readonly since: number;
  /** Whether it was seen to have an effect, and how that was measured. */
  readonly bit: boolean;
  readonly how: string;
  /** When it is healed by itself; absent when a person must. */
  readonly until?: number;
}

export interface Listing {
  readonly members: readonly { readonly name: string; readonly role: string; readonly pid: number }[];
  readonly faults: readonly FaultInForce[];
  /** Empty where members have networks of their own. */
  readonly links: readonly { readonly name: string; readonly state: string }[];
}

export interface Asked {
  readonly words: readonly string[];
  readonly isOneWay: boolean;
  readonly forMs?: number | undefined;
}

interface Kept {
  readonly told: FaultInForce;
  readonly active: ActiveFault;
  readonly timer: NodeJS.Timeout | undefined;
}

export class FaultDesk {
  readonly #up: UpEnsemble;
  readonly #events: EventSink;
  readonly #say: (text: string) => void;
  readonly #random = new SeededRandom(`by hand ${process.pid}`);
  readonly #inForce = new Map<number, Kept>();
  #ids = 0;
  /** Requests are served one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param say tells the person in front of `zklab up` */
  constructor(up: UpEnsemble, events: EventSink, say: (text: string) => void) {
    this.#up = up;
    this.#events = events;
    this.#say = say;
  }

  /** @throws UsageError for a fault that is impossible here, and with what its injection refuses */
  inject(asked: Asked): Promise<FaultInForce> {
    return this.#next(() => this.#inject(asked));
  }

  list(): Promise<Listing> {
    return this.#next(() => this.#list());
  }

  /** @param id of a fault in force; undefined: all of them, the last one first. @throws UsageError */
  heal(id: number | undefined): Promise<readonly FaultInForce[]> {
    return this.#next(() => this.#heal(id));
  }

  /** Everything is about to end, so nothing is healed any more. */
  close(): void {
    for (const { timer } of this.#inForce.values()) clearTimeout(timer);
    this.#inForce.clear();
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last.then(step);
    this.#last = done.catch(() => {});
    return done;
  }

  async #inject({ words, isOneWay, forMs }: Asked): Promise<FaultInForce> {
    const written = faultOf(words, await this.#present(), isOneWay);
    const fault = readFault(written, new Origin('zklab fault'));
    const { topology } = this.#up.ensemble.plan;
    const why = refusalOf(fault, { ...faultHostOf(topology), links: this.#up.mesh !== undefined }, topology);
    if (why !== undefined) throw new UsageError(`${fault.name}: ${why}`);
    const active = await fault.inject(this.#context()).catch((error: Error) => {
      throw new UsageError(`${fault.name} could not be injected: ${error.message}`);
    });
    const id = ++this.#ids;
    const place = this.#place(id);
    this.#events.emit({ kind: 'injected', ...place, fault: fault.name, links: [...active.links] });
    const { bit, how } = await proofOf(active);
    this.#events.emit({ kind: 'bitten', ...place, fault: fault.name, bit, how });
    const told: FaultInForce = {
      ...{ id, fault: written, on: placeOf(active.links), since: active.startedAt, bit, how },
      ...(forMs !== undefined && { until: active.startedAt + forMs }),
    };
    const timer = forMs === undefined ? undefined : setTimeout(() => this.#healByItself(id), forMs);
    this.#inForce.set(id, { told, active, timer });
    this.#say(`fault ${id}: ${fault.name} on ${told.on}${bit ? '' : ', which did not bite'}`);
    return told;
  }

  async #list(): Promise<Listing> {
    const { ensemble, client, mesh } = this.#up;
    const modes = await ensemble.modes();
    const states = client === undefined || mesh === undefined ? [] : await readLinkStates(client, mesh.links);
    return {
      members: ensemble.members.map(({ name, pid }) => ({ name, pid, role: modes.get(name) ?? 'down' })),
      faults: [...this.#inForce.values()].map(({ told }) => told),
      links: states.map(({ link, harm }) => ({ name: link.name, state: harm ?? 'ok' })),
    };
  }

  async #heal(id: number | undefined): Promise<readonly FaultInForce[]> {
    if (id !== undefined && !this.#inForce.has(id)) {
      const known = [...this.#inForce.keys()];
      throw new UsageError(
        `fault ${id} is not in force; ${known.length === 0 ? 'none is' : `in force: ${known.join(', ')}`}`,
      );
    }
    const healed: FaultInForce[] = [];
    const problems: string[] = [];
    // One that cannot be healed now leaves no other one in force.
    for (const each of id === undefined ? [...this.#inForce.keys()].reverse() : [id])
      await this.#healOne(each).then(
        told => healed.push(told),
        (error: Error) => problems.push(`fault ${each} could not be healed: ${error.message}`),
      );
    if (problems.length > 0) {
      const done = healed.map(each => `fault ${each.id} is healed`);
      throw new Error([...problems, ...done, 'zklab heal tries again'].join('; '));
    }
    return healed;
  }

  async #healOne(id: number): Promise<FaultInForce> {
    const { told, active, timer } = this.#inForce.get(id)!;
    clearTimeout(timer);
    await active.heal();
    this.#inForce.delete(id);
    this.#events.emit({ kind: 'healed', ...this.#place(id), fault: told.fault.fault });
    this.#say(`fault ${id} is healed: ${told.fault.fault} on ${told.on}`);
    return told;
  }

  #healByItself(id: number): void {
    if (!this.#inForce.has(id)) return;
    this.heal(id).catch((error: Error) => this.#say(`fault ${id} was not healed: ${error.message}`));
  }

  async #present(): Promise<Present> {
    const { members } = this.#up.ensemble;
    return {
      roles: await this.#up.ensemble.modes(),
      voters: members.filter(({ plan }) => plan.role === 'participant').map(({ name }) => name),
      centres: [...new Set(members.flatMap(({ plan: { dc } }) => (dc === undefined ? [] : [dc])))],
    };
  }

  #context(): FaultContext {
    const { ensemble, client, mesh, faultMembers } = this.#up;
    const members = faultMembers ?? ensemble.members.map(member => faultMember(ensemble, member));
    // Faults of links are refused where there is no mesh, so nothing asks for it.
    return { client: client!, mesh: mesh!, members, random: this.#random };
  }

  #place(round: number) {
    return { topology: this.#up.ensemble.plan.topology.name, condition: `by hand ${round}`, round };
  }
}
