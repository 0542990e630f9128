/** What this machine can do to the network of a member, found out by trying it. */
import {
  hubCommands,
  hubName,
  limitCommands,
  MEMBER_DEVICE,
  memberCommands,
  memberSpace,
} from './network-commands.ts';
import { removeSpacesNow, runAll } from './run-commands.ts';

/** Why it cannot, as a sentence without its period; undefined where it can. */
export interface NetworkSupport {
  readonly bandwidth: string | undefined;
  readonly delay: string | undefined;
}

let support: Promise<NetworkSupport> | undefined;

/** Tried once in the life of this process. */
export function networkSupport(): Promise<NetworkSupport> {
  support ??= tried();
  return support;
}

async function tried(): Promise<NetworkSupport> {
  // Networks of this lab count from 1.
  const hub = hubName(process.pid, 0);
  const member = { name: 'try', host: '127.255.255.1', limits: {} };
  const space = memberSpace(hub, member.name);
  try {
    const problem = await whyNot('namespaces cannot be made (they need root, and ip, tc and nsenter)', () =>
      runAll([...hubCommands(hub), ...memberCommands(hub, member, 0)]),
    );
    if (problem !== undefined) return { bandwidth: problem, delay: problem };
    // The device cannot have both unless the second is below the first.
    return {
      delay: await whyNot('the kernel cannot delay packets (sch_netem)', () =>
        runAll(limitCommands(space, MEMBER_DEVICE, { delay: '1ms' })),
      ),
      bandwidth: await whyNot('the kernel cannot bound a rate (sch_tbf)', () =>
        runAll(limitCommands(hub, 'm1', { bandwidth: '1mbit' })),
      ),
    };
  } finally {
    removeSpacesNow([space, hub]);
  }
}

async function whyNot(what: string, attempt: () => Promise<void>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    const complaint = String((error as Error).cause ?? (error as Error).message);
    return `${what}: ${complaint.replace(/^Error: /, '').replace(/\.$/, '')}`;
  }
}
