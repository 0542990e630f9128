/** Reconfigurations of an ensemble, and what they leave in the tree and on the disk of every member. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { assert, until } from '#test';
import type { Role } from '../membership/quorum-server.ts';
import { errorName } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { readStat } from '../wire/stat.ts';
import type { Ensemble } from './ensemble.test-kit.ts';
import type { Implementation, Member } from './member.test-kit.ts';
import { CLIENT_PORT, SUPER, SUPER_DIGEST_SETTING, type ZkClient } from './zk-client.test-kit.ts';

export const CONFIG = '/zookeeper/config';
export const RECONFIG_SETTINGS = ['reconfigEnabled=true', SUPER_DIGEST_SETTING];
/** The event as ZkClient notes it. */
const CONFIG_CHANGED = `3 ${CONFIG}`;
/** Apache's members write the node when they activate a configuration, and again when they commit it. */
const EVENTS_OF_A_CHANGE_MAX: Readonly<Record<Implementation, number>> = { apache: 2, zklab: 1 };
const PERSISTENT = 0;
const DEADLINE_MS = 60_000;
const INTERVAL_MS = 20;

export interface Change {
  readonly joining?: string;
  readonly leaving?: string;
  readonly members?: string;
  /** The version that the request is based on. */
  readonly from?: number;
}

export interface Outcome {
  readonly code: string;
  /** Lines of the new configuration; empty when the request was refused. */
  readonly lines: readonly string[];
  readonly version: number;
}

/** The client ports stand in the server lines instead of keys of their own. */
export function putClientPortsIntoServerLines(ensemble: Ensemble): void {
  for (const { configPath } of ensemble.members.values()) {
    const text = readFileSync(configPath, 'utf8')
      .replace(/^(clientPort|clientPortAddress|peerType)=.*\n/gm, '')
      .replace(/^server\.(\d+)=.*$/gm, (line, sid) => `${line};${clientAddress(ensemble, Number(sid))}`);
    writeFileSync(configPath, text);
  }
}

function clientAddress(ensemble: Ensemble, sid: number): string {
  return `${ensemble.member(sid).host}:${CLIENT_PORT}`;
}

export function serverLine(ensemble: Ensemble, sid: number, role: Role = 'participant'): string {
  const { host } = ensemble.member(sid);
  return `server.${sid}=${host}:2888:3888:${role};${clientAddress(ensemble, sid)}`;
}

/** The lines of a configuration with these voters and observers, in order of their ids. */
export function serverLines(
  ensemble: Ensemble,
  voters: readonly number[],
  observers: readonly number[] = [],
): string[] {
  const roleOf = (sid: number) => (voters.includes(sid) ? 'participant' : 'observer');
  return [...voters, ...observers].sort((a, b) => a - b).map(sid => serverLine(ensemble, sid, roleOf(sid)));
}

/** A session of a client that may reconfigure. */
export async function superClient(ensemble: Ensemble, sid: number): Promise<ZkClient> {
  const client = await ensemble.client(sid);
  assert.is(await client.authenticate(SUPER), 0);
  return client;
}

export async function reconfigure(client: ZkClient, change: Change): Promise<Outcome> {
  const { joining = null, leaving = null, members = null, from = -1 } = change;
  const { err, body } = await client.exchange(OpCode.reconfig, w =>
    w.writeString(joining).writeString(leaving).writeString(members).writeLong(from),
  );
  if (err !== 0) return { code: errorName(err), lines: [], version: 0 };
  const { lines, version } = parsed(body.readBuffer()?.toString('utf8') ?? '');
  assert.is(version, readStat(body).mzxid, 'the version is the zxid of the change');
  return { code: errorName(err), lines, version };
}

export function parsed(config: string): { lines: string[]; version: number } {
  const lines = config.split('\n');
  const version = /^version=([0-9a-f]+)$/.exec(lines.pop() ?? '')?.[1];
  if (version === undefined) throw new Error(`a configuration without a version at its end: ${config}`);
  return { lines, version: Number.parseInt(version, 16) };
}

/**
 * A client at `sid` hears of the changes from here on, as long as its connection lasts. The returned function
 * checks that it heard of this many changes, and of each once.
 */
export async function watchConfig(ensemble: Ensemble, sid: number): Promise<(changes: number) => void> {
  const client = await ensemble.client(sid);
  const { err } = await client.exchange(OpCode.addWatch, w => w.writeString(CONFIG).writeInt(PERSISTENT));
  assert.is(errorName(err), 'OK');
  const { implementation } = ensemble.member(sid);
  return changes => {
    const who = `a client at member ${sid} (${implementation})`;
    assert.equal(
      client.events.filter(event => event !== CONFIG_CHANGED),
      [],
      who,
    );
    const { length } = client.events;
    const most = changes * EVENTS_OF_A_CHANGE_MAX[implementation];
    assert.ok(length >= changes && length <= most, `${who} heard of ${changes} changes ${length} times`);
  };
}

async function configAt(ensemble: Ensemble, sid: number): Promise<string> {
  const client = await ensemble.client(sid);
  try {
    await client.sync();
    return await client.get(CONFIG);
  } finally {
    client.destroy();
  }
}

/**
 * Waits until every running member serves `lines` at one version and has them on disk. Returns the version.
 */
export async function isEverywhere(ensemble: Ensemble, lines: readonly string[]): Promise<number> {
  const versions = new Set<number>();
  for (const member of ensemble.running) {
    const what = `the configuration at member ${member.sid} (${member.implementation})`;
    let last = '';
    try {
      await until(
        async () => {
          last = await configAt(ensemble, member.sid);
          return parsed(last).lines.join() === lines.join();
        },
        { deadlineMs: DEADLINE_MS, what, intervalMs: INTERVAL_MS },
      );
    } catch (error) {
      assert.equal(last.split('\n').slice(0, -1), lines, `${what}: ${error}`);
    }
    versions.add(parsed(last).version);
    await isOnDisk(member, last);
  }
  assert.is(versions.size, 1, `versions ${[...versions].map(version => version.toString(16))}`);
  return [...versions][0]!;
}

/** zoo.cfg names the file of this version, which has its lines in the order of their characters. */
async function isOnDisk(member: Member, config: string): Promise<void> {
  const { lines, version } = parsed(config);
  const name = `${member.configPath}.dynamic.${version.toString(16)}`;
  const named = () => /^dynamicConfigFile=(.*)$/m.exec(readFileSync(member.configPath, 'utf8'))?.[1] === name;
  const what = `zoo.cfg of member ${member.sid} (${member.implementation}) to name ${basename(name)}`;
  await until(named, { deadlineMs: DEADLINE_MS, what, intervalMs: INTERVAL_MS });
  assert.is(readFileSync(name, 'utf8'), [...lines].sort().join('\n'), what);
  assert.not.match(
    readFileSync(member.configPath, 'utf8'),
    /^(server\.|group|weight|peerType|version)/m,
    what,
  );
  // Apache's members keep the file of a configuration that was undone.
  if (member.implementation === 'zklab')
    assert.not.ok(existsSync(`${member.configPath}.dynamic.next`), `pending: ${what}`);
}

/** Waits until the running members have these roles; any of those named is the leader. */
export async function haveRoles(
  ensemble: Ensemble,
  expected: { readonly leaders: readonly number[]; readonly observers?: readonly number[] },
): Promise<number> {
  let last: string[] = [];
  const leader = await until(
    async () => {
      const modes = await Promise.all(
        ensemble.running.map(async member => [member.sid, await member.mode()] as const),
      );
      last = modes.map(([sid, mode]) => `${sid} ${mode}`);
      const at = modes.find(([sid, mode]) => mode === 'leader' && expected.leaders.includes(sid));
      const others = modes.filter(([sid]) => sid !== at?.[0]);
      const right = others.every(
        ([sid, mode]) => mode === (expected.observers?.includes(sid) ? 'observer' : 'follower'),
      );
      return right && at?.[0];
    },
    { deadlineMs: DEADLINE_MS, what: 'the roles of all members', intervalMs: INTERVAL_MS },
  ).catch(error => {
    throw new Error(`${error.message}; the roles are ${last.join(', ')}`);
  });
  return leader;
}

/** Writes at each running member, so that all of them reach the leader. */
export async function allWrite(ensemble: Ensemble, name: string): Promise<void> {
  for (const { sid } of ensemble.running) {
    await until(
      async () => {
        const client = await ensemble.client(sid);
        const path = `/${name}-${sid}`;
        if ((await client.exists(path)) === null) await client.create(path);
        client.destroy();
        return true;
      },
      { deadlineMs: DEADLINE_MS, what: `a write at member ${sid}`, intervalMs: INTERVAL_MS },
    );
  }
}

/** One digest is kept for every 128th zxid. */
const WRITES = 140;

export async function digestsAgree(ensemble: Ensemble): Promise<void> {
  const leader = await ensemble.leader();
  const client = await ensemble.client(leader.sid);
  await Promise.all(Array.from({ length: WRITES }, (_, n) => client.create(`/digest-${n}`)));
  client.destroy();
  await ensemble.agreesInTheEnd();
}

export interface Variant {
  readonly name: string;
  /** The implementations of members 1 to 5. Member 3 leads first. */
  readonly members: readonly Implementation[];
}

export const APACHE_ALONE: Variant = {
  name: "Apache's alone",
  members: ['apache', 'apache', 'apache', 'apache', 'apache'],
};
export const OURS_ALONE: Variant = {
  name: 'ours alone',
  members: ['zklab', 'zklab', 'zklab', 'zklab', 'zklab'],
};
export const APACHE_LEADS: Variant = {
  name: "Apache's leader over ours",
  members: ['zklab', 'zklab', 'apache', 'zklab', 'zklab'],
};
export const OURS_LEADS: Variant = {
  name: "our leader over Apache's",
  members: ['apache', 'apache', 'zklab', 'apache', 'zklab'],
};
/** An ensemble of Apache's alone is what the others are compared with. */
export const VARIANTS: readonly Variant[] = [APACHE_ALONE, OURS_ALONE, APACHE_LEADS, OURS_LEADS];

export function other(implementation: Implementation): Implementation {
  return implementation === 'zklab' ? 'apache' : 'zklab';
}
