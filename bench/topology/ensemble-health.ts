/** What happened to the members of an ensemble that nobody asked for, in words, and what mends it. */
import type { Death } from '../../results/schema.ts';
import type { Ensemble, MemberDeath } from './ensemble.ts';
import type { Member } from './member.ts';

/** The last line of a log, in a sentence. The result has more of the log. */
const SAID_CHARACTERS_MAX = 160;

/** Members that ended by themselves after the first `count` of them. */
export async function deathsSince({ members, deaths }: Ensemble, count: number): Promise<string[]> {
  // The machine shows an end before the lab has collected it.
  await Promise.all(members.filter(isGone).map(({ process }) => process.exited));
  return deaths.slice(count).map(deathText);
}

/** Members that somebody else has paused. No fault of the lab is in force when this is asked. */
export function pausedMembers({ members }: Ensemble): string[] {
  return members
    .filter(isStopped)
    .map(({ name, pid }) => `${name} (process ${pid}) was paused by somebody else`);
}

/** Members that do not run, when all should. */
export function brokenMembers(ensemble: Ensemble): string[] {
  const ended = ensemble.members.filter(isGone).map(({ name }) => `${name} has ended`);
  return [...ended, ...pausedMembers(ensemble)];
}

/**
 * Brings back members that ended or stand still, and waits until all serve. Returns what it did.
 * @throws EnsembleError when they do not serve within `maxMs`
 */
export async function mendEnsemble(ensemble: Ensemble, maxMs: number): Promise<string[]> {
  const did: string[] = [];
  for (const member of ensemble.members.filter(isStopped)) {
    member.resume();
    did.push(`${member.name} goes on (SIGCONT)`);
  }
  for (const { name } of ensemble.members.filter(isGone)) {
    await ensemble.restart(name, { maxMs });
    did.push(`${name} was started again on its data`);
  }
  await ensemble.ready(maxMs);
  return did;
}

/** For `result.json`. @param during what was done at that moment */
export function deathRows({ deaths }: Ensemble, topology: string, during: (atMs: number) => string): Death[] {
  return deaths.map(({ member, role, at, exit, logEnd }) => ({
    topology,
    member,
    role: role === 'observer' ? 'observer' : 'voter',
    at: new Date(at).toISOString(),
    exit,
    during: during(at),
    logEnd,
  }));
}

function isGone({ host, pid }: Member): boolean {
  return host.stateOf(pid) === 'gone';
}

function isStopped({ host, pid }: Member): boolean {
  return host.stateOf(pid) === 'stopped';
}

function deathText({ member, exit, logEnd }: MemberDeath): string {
  const said = logEnd.trim().split('\n').at(-1)?.slice(0, SAID_CHARACTERS_MAX);
  return `${member} ended by itself with ${exit}${said ? `; its log ends: ${said}` : ''}`;
}
