/** A running ensemble: real processes, from their start to the end of the last. */

import { setTimeout as sleep } from 'node:timers/promises';
import { formatExit } from '../hosts/host.ts';
import { EnsembleError } from './ensemble-error.ts';
import { Member, type MemberEvent, type MemberMode } from './member.ts';
import type { CommandOptions } from './member-command.ts';
import type { EnsemblePlan } from './planned.ts';
import { READY_MAX_MS, untilReady } from './readiness.ts';
import { writeMemberFiles } from './zoo-cfg.ts';

export interface EnsembleOptions extends Omit<CommandOptions, 'linkMap' | 'socks' | 'faultFile'> {
  /** By member name. Members without one dial the addresses that they get. */
  readonly linkMaps?: ReadonlyMap<string, string>;
  /** host:port by member name, of the SOCKS server that reads its link map for it. */
  readonly socksServers?: ReadonlyMap<string, string>;
  /** By member name: `CommandOptions.faultFile`. */
  readonly faultFiles?: ReadonlyMap<string, string>;
  /** host:port by member name, where clients connect instead of the member's own port. */
  readonly clientAddresses?: ReadonlyMap<string, string>;
  /** @default READY_MAX_MS */
  readonly readyMaxMs?: number;
  /** Removed by the next lab, with the processes, when this one is killed. */
  readonly temporaryFolder?: string;
  /** Called for each process of a member when it starts and when it ends. */
  readonly onMember?: (event: MemberEvent) => void;
  /** Ends a start that is not yet complete. */
  readonly signal?: AbortSignal | undefined;
}

const LEADER_PAUSE_MS = 50;
const LEADER_MAX_MS = 20_000;
const LOG_LINES_KEPT = 8;
const MOVES_MAX = 5;

/** A process of a member that ended although nobody asked it to. */
export interface MemberDeath {
  readonly member: string;
  readonly role: string;
  /** Ms since 1970. */
  readonly at: number;
  /** `exit code 1`, `signal SIGKILL` */
  readonly exit: string;
  /** The last lines that it printed. */
  readonly logEnd: string;
}

export class Ensemble {
  readonly plan: EnsemblePlan;
  readonly members: readonly Member[];
  readonly #readyMaxMs: number;
  readonly #deaths: MemberDeath[];

  private constructor(
    plan: EnsemblePlan,
    members: readonly Member[],
    readyMaxMs: number,
    deaths: MemberDeath[],
  ) {
    this.plan = plan;
    this.members = members;
    this.#readyMaxMs = readyMaxMs;
    this.#deaths = deaths;
  }

  /** Every end of a process that the lab did not ask for, in order. */
  get deaths(): readonly MemberDeath[] {
    return this.#deaths;
  }

  /**
   * Settles when there is a leader, every voter follows it and every observer observes, behind a follower
   * where there are observer masters.
   * @throws EnsembleError with what each member lacks and the end of its log, and the signal's reason;
   * nothing is left running
   */
  static async start(plan: EnsemblePlan, options: EnsembleOptions = {}): Promise<Ensemble> {
    for (const host of new Set(plan.members.map(member => member.host))) host.reap();
    for (const member of plan.members) await writeMemberFiles(member, plan);
    const {
      linkMaps,
      socksServers,
      faultFiles,
      clientAddresses,
      readyMaxMs = READY_MAX_MS,
      javaFlags,
      temporaryFolder,
      onMember,
      signal,
    } = options;
    const deaths: MemberDeath[] = [];
    const members = plan.members.map(
      (member, index): Member =>
        new Member(member, clientAddresses?.get(member.name), {
          linkMap: linkMaps?.get(member.name),
          socks: socksServers?.get(member.name),
          faultFile: faultFiles?.get(member.name),
          ...(javaFlags === undefined ? {} : { javaFlags }),
          temporaryFolder,
          onMember(event) {
            if (event.isAsked === false) deaths.push(deathOf(event, members[index]!));
            onMember?.(event);
          },
        }),
    );
    const ensemble = new Ensemble(plan, members, readyMaxMs, deaths);
    try {
      await plan.network?.open();
      for (const member of members) member.start();
      await untilReady(members, readyMaxMs, { signal });
      await ensemble.moveBehindMasters();
      return ensemble;
    } catch (error) {
      await ensemble.stop();
      throw error;
    }
  }

  /** @throws EnsembleError when it is not ready in time, or a member ended */
  async ready(maxMs = this.#readyMaxMs): Promise<void> {
    await untilReady(this.members, maxMs);
  }

  /** @throws EnsembleError naming the existing members */
  member(name: string): Member {
    const found = this.members.find(member => member.name === name);
    if (found !== undefined) return found;
    throw new EnsembleError(
      `there is no member ${name}; members are ${this.members.map(each => each.name).join(', ')}`,
    );
  }

  /** The mode that each member reports, all asked at the same time. */
  async modes(): Promise<Map<string, MemberMode>> {
    return new Map(
      await Promise.all(this.members.map(async member => [member.name, await member.mode()] as const)),
    );
  }

  /** @throws EnsembleError when there is none, or more than one, at this moment */
  async leader(): Promise<Member> {
    const modes = await this.modes();
    const leaders = this.members.filter(({ name }) => modes.get(name) === 'leader');
    if (leaders.length === 1) return leaders[0]!;
    const now = [...modes].map(([name, mode]) => `${name}=${mode}`).join(' ');
    throw new EnsembleError(`there are ${leaders.length} leaders, and exactly one is needed: ${now}`);
  }

  /**
   * Asks repeatedly: on a busy machine a member may miss a question, and a deposed leader may not have
   * noticed yet.
   * @throws EnsembleError when there is no leader, or more than one, for `maxMs`
   */
  async leaderWithin(maxMs = LEADER_MAX_MS): Promise<Member> {
    const giveUpAt = performance.now() + maxMs;
    for (;;) {
      try {
        return await this.leader();
      } catch (error) {
        if (!(error instanceof EnsembleError) || performance.now() > giveUpAt) throw error;
      }
      await sleep(LEADER_PAUSE_MS);
    }
  }

  /**
   * By observer: the member from which it gets its commits, the leader or an observer master. Observers that
   * do not report one are missing.
   */
  async learnerMasters(): Promise<Map<string, string>> {
    const observers = this.members.filter(({ plan }) => plan.role === 'observer');
    const pairs = await Promise.all(
      observers.map(async observer => {
        const sid = await observer.learnerMaster().catch(() => undefined);
        const master = this.members.find(({ plan }) => plan.sid === sid);
        return master === undefined ? [] : [[observer.name, master.name] as const];
      }),
    );
    return new Map(pairs.flat());
  }

  /**
   * Restarts observers that the leader serves although followers are observer masters, until none is left.
   * When no follower is ready in time, an observer turns to the leader and stays there (row 004-20); what is
   * then measured is not what the topology says. Returns their names.
   * @throws EnsembleError when one is still at the leader after MOVES_MAX restarts
   */
  async moveBehindMasters(): Promise<string[]> {
    const moved = new Set<string>();
    for (let moves = 0; this.#hasMasters; moves++) {
      const astray = await this.#observersOfTheLeader();
      if (astray.length === 0) break;
      if (moves === MOVES_MAX)
        throw new EnsembleError(
          `${astray.map(({ name }) => name).join(', ')} should be behind an observer master, and the leader still serves it after ${MOVES_MAX} restarts`,
        );
      for (const member of astray) {
        moved.add(member.name);
        await member.stop();
        await this.restart(member.name);
      }
    }
    return [...moved];
  }

  get #hasMasters(): boolean {
    const { observerMasters, members } = this.plan.topology;
    return observerMasters && members.filter(({ role }) => role === 'participant').length > 1;
  }

  async #observersOfTheLeader(): Promise<Member[]> {
    const [leader, masters] = await Promise.all([this.leaderWithin(this.#readyMaxMs), this.learnerMasters()]);
    return this.members.filter(({ name }) => masters.get(name) === leader.name);
  }

  /** For clients: host:port of every member, as clients reach it. */
  connectString(role?: 'participant' | 'observer'): string {
    return this.members
      .filter(({ plan }) => role === undefined || plan.role === role)
      .map(({ clientAddress }) => clientAddress)
      .join(',');
  }

  /** Like `connectString`, without the proxies. */
  directConnectString(): string {
    return this.members.map(({ ownAddress }) => ownAddress).join(',');
  }

  /**
   * Restarts an ended member on its data, or waits for one that runs. Settles when it serves, though not
   * necessarily in its old role. `mayEnd`: an end of the new process is asked for too.
   */
  async restart(
    name: string,
    { maxMs = this.#readyMaxMs, mayEnd = false }: Readonly<{ maxMs?: number; mayEnd?: boolean }> = {},
  ): Promise<void> {
    const member = this.member(name);
    const { process, host } = member;
    // A process that is gone on its machine has ended, even if the lab has not collected its exit yet.
    if (host.stateOf(process.pid) === 'gone') await process.exited;
    if (!member.process.isRunning) member.start();
    if (mayEnd) member.expectEnd(member.pid);
    await untilReady([member], maxMs, { expects: mode => mode !== 'down' && mode !== 'looking' });
  }

  /**
   * Ends every running process, observers first, so that no leader waits for them. Settles when all are gone.
   */
  async stop(): Promise<void> {
    const started = this.members.filter(member => member.isStarted);
    const errors: unknown[] = [];
    for (const role of ['observer', 'participant'] as const) {
      const ends = started.filter(({ plan }) => plan.role === role).map(each => each.stop());
      for (const end of await Promise.allSettled(ends))
        if (end.status === 'rejected') errors.push(end.reason);
    }
    await this.plan.network?.close();
    for (const member of this.members) member.log.close();
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} members could not be ended`);
  }

  /** Members that ended by themselves, and how. */
  ended(): string[] {
    return this.members
      .filter(member => member.isStarted && !member.process.isRunning)
      .map(({ name, process }) => `${name}: ${formatExit(process.exit!)}`);
  }
}

function deathOf({ member, role, exit = 'unknown' }: MemberEvent, { log }: Member): MemberDeath {
  return { member, role, at: Date.now(), exit, logEnd: log.tail(LOG_LINES_KEPT) };
}
