/**
 * Ensembles of members of either implementation, each on a loopback address of its own, on ZooKeeper's own
 * ports.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, temporaryFolder, until } from '#test';
import { ADMIN_PORT, CONTAINERS_STAY, type Implementation, Member } from './member.test-kit.ts';
import { CLIENT_PORT, LONGEST_TIMEOUT_MS, ZkClient } from './zk-client.test-kit.ts';

export interface MemberPlan {
  readonly is: Implementation;
  /**
   * Release of Apache ZooKeeper, while the member is one of Apache's. @default the one that the machine has
   */
  readonly release?: string | undefined;
  readonly observer?: boolean;
  /** Left out: its place among the plans, from 1 on. */
  readonly sid?: number;
  /** The member knows of the others, but they do not know of it until a reconfiguration. */
  readonly joins?: boolean;
  /** The member has an AdminServer. */
  readonly admin?: boolean;
  /** Lines of its zoo.cfg beside those that all have. */
  readonly settings?: readonly string[];
  /** Lines that depend on the address it stands at. */
  readonly settingsAt?: (host: string) => readonly string[];
  /** System properties (-Dname=value). */
  readonly flags?: readonly string[];
}

/** The same plans, with this release for every member that is, or becomes, one of Apache's. */
export function ofRelease(release: string | undefined, plans: readonly MemberPlan[]): MemberPlan[] {
  return plans.map(plan => ({ ...plan, release }));
}

/** Where a member stands, when it is not on a loopback address of its own. */
export interface Place {
  /** The host as server lines and clientPortAddress write it. */
  readonly name: string;
  /** Further names for server lines, such as those of other networks. */
  readonly further?: readonly string[];
  /** The address at which the test dials it. */
  readonly dial: string;
  /** Its client port listens on every address of the machine. */
  readonly everywhere?: boolean;
  readonly ports?: { readonly client: number; readonly quorum: number; readonly election: number };
}

const PORTS = { client: CLIENT_PORT, quorum: 2888, election: 3888 };

/** Small files, so that snapshots and logs are cheap; limits that a busy machine can keep. */
const COMMON = [
  'tickTime=250',
  'initLimit=240',
  'syncLimit=80',
  'preAllocSize=256',
  '4lw.commands.whitelist=*',
  'admin.enableServer=false',
  `maxSessionTimeout=${LONGEST_TIMEOUT_MS}`,
  CONTAINERS_STAY,
];
/** An election takes several rounds when members come late. */
const LEADER_DEADLINE_MS = 90_000;
const AGREE_DEADLINE_MS = 60_000;
/** Number of lines of each member's log that a failure prints. */
const LAST_WORDS = 8;
const LAST_WORDS_CHARS = 240;
const FIRST_NETWORK = 64;
let ensembles = 0;

/** 127.a.b.x, where a and b stand for this process, and x for this ensemble of the process. */
function network(): string {
  const pid = process.pid;
  const number = ensembles++;
  return `127.${FIRST_NETWORK + ((pid >> 8) % 128)}.${pid % 256}.${(number % 25) * 10}`;
}

export class Ensemble {
  readonly members: ReadonlyMap<number, Member>;
  readonly #clients: ZkClient[] = [];

  constructor(plans: readonly MemberPlan[], settings: readonly string[] = [], places: readonly Place[] = []) {
    const folder = temporaryFolder();
    const [a, b, c, base] = network().split('.');
    const placeAt = (i: number): Required<Place> => {
      const host = `${a}.${b}.${c}.${Number(base) + i + 1}`;
      return { name: host, dial: host, ports: PORTS, everywhere: false, further: [], ...places[i] };
    };
    const sidAt = (i: number) => plans[i]?.sid ?? i + 1;
    const line = (plan: MemberPlan, i: number) => {
      const role = plan.observer ? 'observer' : 'participant';
      const { name, further, ports } = placeAt(i);
      const addresses = [name, ...further].map(host => `${host}:${ports.quorum}:${ports.election}`);
      return `server.${sidAt(i)}=${addresses.join('|')}:${role}`;
    };
    this.members = new Map(
      plans.map((plan, i) => {
        const sid = sidAt(i);
        const { name, dial, ports, everywhere } = placeAt(i);
        const own = join(folder, String(sid));
        mkdirSync(join(own, 'data'), { recursive: true });
        writeFileSync(join(own, 'data', 'myid'), String(sid));
        const known = plans.flatMap((other, at) => (other.joins && at !== i ? [] : [line(other, at)]));
        const lines = [...COMMON, ...settings, ...(plan.settings ?? []), ...known];
        lines.push(...(plan.settingsAt?.(name) ?? []));
        lines.push(`dataDir=${own}/data`, `clientPort=${ports.client}`);
        if (!everywhere) lines.push(`clientPortAddress=${name}`);
        if (plan.observer) lines.push('peerType=observer');
        if (plan.admin)
          lines.push(
            'admin.enableServer=true',
            `admin.serverAddress=${name}`,
            `admin.serverPort=${ADMIN_PORT}`,
          );
        const member = new Member(sid, dial, own, plan.is, ports.client);
        member.flags = plan.flags ?? [];
        member.release = plan.release;
        writeFileSync(member.configPath, `${lines.join('\n')}\n`);
        return [sid, member];
      }),
    );
  }

  member(sid: number): Member {
    const member = this.members.get(sid);
    if (member === undefined) throw new Error(`no member ${sid}`);
    return member;
  }

  get running(): Member[] {
    return [...this.members.values()].filter(member => member.running);
  }

  /** Starts all members, or those named, and waits until each serves. */
  async start(...sids: number[]): Promise<void> {
    const started = sids.length === 0 ? [...this.members.values()] : sids.map(sid => this.member(sid));
    for (const member of started) member.start();
    await Promise.all(started.map(member => member.serves()));
  }

  /**
   * Starts the named ones one after the other such that `sid` leads: a quorum with it at the top, then the
   * rest.
   */
  async startLedBy(sid: number): Promise<void> {
    const voters = [...this.members.values()].filter(member => !member.running);
    const first = voters.filter(member => member.sid === sid || member.sid === this.#helperOf(sid));
    for (const member of first) member.start();
    await this.member(sid).serves('leader');
    await this.start(...voters.filter(member => !member.running).map(member => member.sid));
    await Promise.all(first.map(member => member.serves()));
  }

  /** With empty histories the highest sid of the first quorum leads. */
  #helperOf(sid: number): number {
    for (const member of this.members.values()) if (member.sid !== sid && member.sid < sid) return member.sid;
    throw new Error(`with sid ${sid} the lowest, another one would lead`);
  }

  async leader(): Promise<Member> {
    return until(
      async () => {
        for (const member of this.running)
          if ((await member.mode().catch(() => undefined)) === 'leader') return member;
        return undefined;
      },
      { deadlineMs: LEADER_DEADLINE_MS, what: 'a leader', intervalMs: 50 },
    );
  }

  async client(sid: number, options?: Parameters<typeof ZkClient.connect>[1]): Promise<ZkClient> {
    const { host, clientPort } = this.member(sid);
    const client = await ZkClient.connect(host, { port: clientPort, ...options });
    this.#clients.push(client);
    return client;
  }

  /**
   * Checks that every running member has the same last zxid and, where their histories of digests overlap,
   * the same digests, and that none has counted a digest mismatch. Returns the number of digests compared.
   */
  async agrees(): Promise<number> {
    const common = await this.#commonDigests();
    for (const [zxid, digests] of common) {
      assert.is(new Set(digests).size, 1, `digests at ${zxid}: ${digests.join(' ')}`);
    }
    for (const member of this.running) {
      const mismatches = await member.metric('digest_mismatches_count');
      // Apache's 3.5 has no digests.
      if (mismatches === undefined && member.implementation === 'apache') continue;
      assert.is(mismatches, 0, `digest mismatches of member ${member.sid}`);
    }
    return common.size;
  }

  /**
   * Does what `agrees` does, after members took snapshots of a tree that went on changing. Until they have
   * applied the transactions since then, their digests belong to no state that ever existed. So it compares
   * only the latest digest, and ignores Apache's count of mismatches.
   */
  async agreesInTheEnd(): Promise<void> {
    const [zxid, digests] = [...(await this.#commonDigests())].at(-1) ?? ['', []];
    assert.is(digests.length, this.running.length, 'a digest to compare');
    assert.is(new Set(digests).size, 1, `digests at ${zxid}: ${digests.join(' ')}`);
    for (const member of this.running) {
      if (member.implementation === 'apache') continue;
      const mismatches = await member.metric('digest_mismatches_count');
      assert.is(mismatches, 0, `digest mismatches of member ${member.sid}`);
    }
  }

  /**
   * zxid -> the digest of each running member, for the zxids that all of them have, oldest first. Waits until
   * all are at the same zxid.
   */
  async #commonDigests(): Promise<Map<string, string[]>> {
    const members = this.running;
    await until(async () => new Set(await Promise.all(members.map(member => member.zxid()))).size === 1, {
      deadlineMs: AGREE_DEADLINE_MS,
      what: 'all members to have the same last zxid',
      intervalMs: 50,
    });
    const kept = await Promise.all(members.map(member => member.digests()));
    const common = new Map<string, string[]>();
    for (const zxid of [...(kept[0]?.keys() ?? [])].sort(
      (a, b) => Number.parseInt(a, 16) - Number.parseInt(b, 16),
    )) {
      const digests = kept.map(digests => digests.get(zxid));
      if (digests.every(digest => digest !== undefined)) common.set(zxid, digests);
    }
    return common;
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await Promise.all([...this.members.values()].map(member => member.kill()));
  }
}

/**
 * Runs `body` with an ensemble that ends with it, however it ends. After a failure it prints what the members
 * logged last.
 */
export async function withEnsemble(
  plans: readonly MemberPlan[],
  body: (ensemble: Ensemble) => Promise<void>,
  settings: readonly string[] = [],
  places: readonly Place[] = [],
): Promise<void> {
  const ensemble = new Ensemble(plans, settings, places);
  try {
    await body(ensemble);
  } catch (error) {
    for (const member of ensemble.members.values()) process.stderr.write(`\n${lastWords(member)}\n`);
    throw error;
  } finally {
    await ensemble.end();
  }
}

function lastWords({ sid, implementation, running, log }: Member): string {
  const lines = log
    .trimEnd()
    .split('\n')
    .slice(-LAST_WORDS)
    .map(line => `    ${line.slice(0, LAST_WORDS_CHARS)}`);
  return [`member ${sid} (${implementation}, ${running ? 'running' : 'ended'}) said last:`, ...lines].join(
    '\n',
  );
}
