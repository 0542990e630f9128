import type { Clock } from '../../server/runtime/runtime.ts';
import type { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { CONFIG_PATH, type ConfigMember as Member, membersOf } from '../checkers/configuration-text.ts';
import type { RecordingClient } from '../workloads/clients/recording-client.ts';
import { CLIENT_PORT, serverLine } from './members/server-config.ts';
import type { World } from './world.ts';

/** Fewer voters than these cannot lose one. */
const VOTERS_MIN = 3;

interface Ask {
  readonly joining: string | null;
  readonly leaving: string | null;
  readonly newMembers: string | null;
  readonly curConfigId: number;
}

/**
 * Changes the members of the ensemble while it runs: servers join, with a vote or without, gain it and lose
 * it, and leave, one at a time or in bulk; groups come and go. It prepares servers that join as an operator
 * does: their own file names the present members and themselves.
 */
export class Operator {
  readonly #world: World;
  readonly #client: RecordingClient;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #everyMs: number;
  #isStopped = false;

  constructor(world: World, client: RecordingClient, clock: Clock, random: SeededRandom) {
    this.#world = world;
    this.#client = client;
    this.#clock = clock;
    this.#random = random;
    this.#everyMs = random.between(100, 1500);
    this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #wait(): void {
    this.#clock.after(this.#random.between(this.#everyMs / 4, this.#everyMs * 2), () => {
      if (this.#isStopped) return;
      if (this.#client.ready && this.#client.pending === 0) this.#act();
      this.#wait();
    });
  }

  #act(): void {
    const { configs } = this.#world;
    const present = membersOf(configs.newest?.text ?? '');
    if (present.length === 0) return;
    const isGrouped = (configs.rules?.groups.length ?? 0) > 0;
    const next = this.#draw(present);
    if (next === undefined) return;
    for (const { sid, role } of next) {
      if (!present.some(member => member.sid === sid)) this.#world.prepare(sid, [...present, { sid, role }]);
    }
    const isBulk = isGrouped || this.#random.chance(0.3);
    const ask = isBulk ? this.#bulk(next) : incremental(present, next);
    const version = configs.newest?.version ?? -1;
    // A wrong version must be refused, and change nothing.
    const curConfigId = this.#random.chance(0.3) ? (this.#random.chance(0.8) ? version : 1) : -1;
    this.#client.send({ f: 'reconfig', path: CONFIG_PATH, asked: { ...ask, curConfigId } });
  }

  /** The members after one or several changes; undefined when a change was drawn that cannot be made. */
  #draw(present: readonly Member[]): readonly Member[] | undefined {
    let next = present;
    for (let changes = this.#random.chance(0.3) ? 2 : 1; changes > 0; changes--) {
      const changed = this.#change(next);
      if (changed === undefined) return undefined;
      next = changed;
    }
    return next.filter(({ role }) => role === 'participant').length >= VOTERS_MIN ? next : undefined;
  }

  #change(members: readonly Member[]): readonly Member[] | undefined {
    const { sids } = this.#world;
    const role = this.#random.chance(0.6) ? 'participant' : 'observer';
    const leader = this.#world.leader();
    const target = this.#random.chance(0.3) && leader !== undefined ? leader : this.#random.pick(sids);
    const others = members.filter(({ sid }) => sid !== target);
    const own = members.find(({ sid }) => sid === target);
    if (own !== undefined && this.#random.chance(0.4)) return others;
    const other = own?.role === 'participant' ? 'observer' : 'participant';
    const changed: Member = { sid: target, role: own === undefined ? role : other };
    return [...others, changed].sort((a, b) => a.sid - b.sid);
  }

  #bulk(next: readonly Member[]): Ask {
    const lines = next.map(lineOf);
    const voters = next.filter(({ role }) => role === 'participant').map(({ sid }) => sid);
    if (voters.length > VOTERS_MIN && this.#random.chance(0.3)) {
      const middle = Math.ceil(voters.length / 2);
      const [first = 0, ...rest] = voters;
      lines.push(`group.1=${first}`, `group.2=${rest.slice(0, middle - 1).join(':')}`);
      lines.push(`group.3=${rest.slice(middle - 1).join(':')}`);
    }
    return { joining: null, leaving: null, newMembers: lines.join('\n'), curConfigId: -1 };
  }
}

function incremental(present: readonly Member[], next: readonly Member[]): Ask {
  const joining = next.filter(({ sid, role }) => !present.some(m => m.sid === sid && m.role === role));
  const leaving = present.filter(({ sid }) => !next.some(m => m.sid === sid));
  return {
    joining: joining.length === 0 ? null : joining.map(lineOf).join(','),
    leaving: leaving.length === 0 ? null : leaving.map(({ sid }) => sid).join(','),
    newMembers: null,
    curConfigId: -1,
  };
}

function lineOf({ sid, role }: Member): string {
  return `server.${sid}=${serverLine(`zk${sid}`, role)};${CLIENT_PORT}`;
}
