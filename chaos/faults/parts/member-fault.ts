/** What the faults of members share: apply something to each, undo it on all of them together. */
import { setTimeout as sleep } from 'node:timers/promises';
import { writeConnectRequest } from '../../../server/wire/connect.ts';
import { JuteWriter } from '../../../server/wire/jute.ts';
import { exchange, type Reading, requestOf } from '../../mesh/measure.ts';
import type { FaultMember } from '../context.ts';
import type { ActiveFault, BiteProof } from '../fault.ts';
import { Healing } from './healing.ts';

/** Returns what undoes it. */
export type ApplyTo<T> = (to: T) => Promise<() => Promise<void>>;
export type ApplyToMember = ApplyTo<FaultMember>;

/**
 * Applies a fault to all members in the same moment. When one refuses, it is undone on all.
 * @param prove is asked while the fault is in force
 */
export async function applyToMembers(
  members: readonly FaultMember[],
  apply: ApplyToMember,
  prove: () => Promise<BiteProof>,
): Promise<ActiveFault> {
  return { ...(await applyToAll(members, apply)), proveBite: prove };
}

/** The same for anything that has a name. */
export async function applyToAll<T extends { readonly name: string }>(
  all: readonly T[],
  apply: ApplyTo<T>,
): Promise<Omit<ActiveFault, 'proveBite'>> {
  const healing = new Healing('together');
  const startedAt = Date.now();
  const results = await Promise.allSettled(all.map(async each => healing.add(await apply(each))));
  const refused = results.find(result => result.status === 'rejected');
  if (refused !== undefined) {
    await healing.heal();
    throw refused.reason;
  }
  return {
    startedAt,
    links: all.map(({ name }) => name),
    heal: () => healing.heal(),
  };
}

const POLL_MS = 50;

/** The first answer that is not undefined, or undefined at the deadline. */
export async function firstOf<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  maxMs: number,
): Promise<T | undefined> {
  const giveUpAt = performance.now() + maxMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() > giveUpAt) return answer;
    await sleep(POLL_MS);
  }
}

/** What `srvr` finds at the client port of each: whether it answers, refuses, closes or is silent. */
export async function outcomesOf(
  members: readonly FaultMember[],
  deadlineMs: number,
): Promise<Reading['outcome'][]> {
  const readings = await Promise.all(
    members.map(({ clientAddress }) => exchange(clientAddress, requestOf('client'), deadlineMs)),
  );
  return readings.map(({ outcome }) => outcome);
}

const SESSION_MAX_MS = 1_000;
const SESSION = { protocolVersion: 0, lastZxidSeen: 0, timeoutMs: 4_000, sessionId: 0n, readOnly: false };
const PASSWORD_BYTES = 16;

/** Asks for a session, which every member then has to log: a disk that nobody writes to shows no fault. */
export async function giveWork({ clientAddress }: FaultMember): Promise<void> {
  const writer = new JuteWriter().writeInt(0);
  writeConnectRequest(writer, { ...SESSION, password: Buffer.alloc(PASSWORD_BYTES) });
  writer.patchInt(0, writer.length - 4);
  await exchange(clientAddress, writer.toBuffer(), SESSION_MAX_MS);
}

/** @throws Error when the lab cannot do this to the member */
export function abilityOf<K extends keyof FaultMember>(
  member: FaultMember,
  ability: K,
): NonNullable<FaultMember[K]> {
  const found = member[ability];
  if (found === undefined || found === null)
    throw new Error(`${member.name} has no ${ability}: it was not started with faults of members`);
  return found;
}

const LOGGED_MAX_MS = 10_000;

/** Waits until `has` is true of the member, whose log grows meanwhile. @throws Error with what is missing */
export async function untilLogged(member: FaultMember, has: () => boolean, what: string): Promise<void> {
  const found = await firstOf(async () => {
    if (has()) return true;
    await giveWork(member);
    return undefined;
  }, LOGGED_MAX_MS);
  if (found === undefined) throw new Error(`${member.name}: no ${what} within ${LOGGED_MAX_MS} ms`);
}
