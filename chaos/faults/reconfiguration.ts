import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ZkClient } from '../../bench/load/client/client.ts';
import type { EnsembleShape } from '../mesh/draw-target.ts';
import { memberTargetSchema } from '../mesh/selector-schema.ts';
import type { MemberTarget } from '../mesh/target.ts';
import type { FaultMember, ProcessFaultContext } from './context.ts';
import { type Fault, type FaultKind, needsProcesses, type Readings } from './fault.ts';
import { Healing } from './parts/healing.ts';
import { chooseMembers } from './parts/process-fault.ts';

export const reconfigurationKind: FaultKind<{ readonly target: MemberTarget }> = {
  name: 'reconfiguration',
  description: 'a member is removed by a reconfiguration, and added again when healed',
  schema: z.strictObject({ target: memberTargetSchema }),
  available: needsProcesses,
  unfit,
  create: reconfiguration,
  draw(random, shape) {
    const { members } = shape;
    const voters = members.filter(({ role }) => role === 'participant').length;
    const roles = [
      ...(voters > 2 ? ['follower', 'leader'] : []),
      ...(voters < members.length ? ['observer'] : []),
    ].filter(() => random.chance(0.6));
    if (unfit(shape) !== undefined || roles.length === 0) return undefined;
    return own => ({ target: { role: own.pick(roles) } });
  },
};

function unfit({ members }: EnsembleShape): string | undefined {
  return members.every(({ settings }) => settings.reconfigEnabled === 'true')
    ? undefined
    : 'all members need the setting reconfigEnabled=true';
}

const CONFIG = '/zookeeper/config';
const ADDED_MAX_MS = 30_000;
const PAUSE_MS = 200;

/**
 * Needs `reconfigEnabled=true` and `skipACL=yes`. The process of a removed member goes on; while nobody
 * counts on it, it may serve or not.
 */
export function reconfiguration({ target }: { readonly target: MemberTarget }): Fault<ProcessFaultContext> {
  return {
    name: 'reconfiguration',
    description: reconfigurationKind.description,
    async inject(context) {
      const targets = await chooseMembers(context, target);
      const others = context.members.filter(member => !targets.includes(member));
      const asked = others.map(({ clientAddress }) => clientAddress).join(',');
      const before = await membersIn(asked);
      const lines = targets.map(member => lineOf(member, before));
      const startedAt = Date.now();
      const healing = new Healing();
      healing.add(() => addAgain(asked, lines));
      try {
        await withClient(asked, client => client.reconfig({ leaving: lines.map(sidOf).join(',') }));
      } catch (error) {
        // A leader that is removed may end before it answers, although the members are removed.
        await healing.heal();
        throw error;
      }
      return {
        startedAt,
        links: targets.map(({ name }) => name),
        heal: () => healing.heal(),
        async proveBite() {
          const now = await membersIn(asked);
          const readings = (config: readonly string[]): Readings =>
            Object.fromEntries(
              targets.map(({ name }, at) => [`${name} isMember`, String(config.includes(lines[at]!))]),
            );
          const bit = lines.every(line => before.includes(line) && !now.includes(line));
          const how = `${CONFIG} as another member has it; a bite is that it has the member no more`;
          return { bit, before: readings(before), after: readings(now), how };
        },
      };
    },
  };
}

/** The server lines of the present configuration, without the version. */
async function membersIn(connectString: string): Promise<string[]> {
  const { data } = await withClient(connectString, client => client.getData(CONFIG));
  return (data?.toString() ?? '').split('\n').filter(line => line.startsWith('server.'));
}

function lineOf({ name, clientAddress }: FaultMember, config: readonly string[]): string {
  const found = config.find(line => line.endsWith(`;${clientAddress}`));
  if (found !== undefined) return found;
  throw new Error(
    `${name} at ${clientAddress} is in no line of ${CONFIG}: ${config.join(' ') || 'it is empty'}`,
  );
}

function sidOf(line: string): string {
  return /^server\.(\d+)=/.exec(line)![1]!;
}

/** The new quorum may need a moment until it is connected, and another fault may just be healed. */
async function addAgain(connectString: string, lines: readonly string[]): Promise<void> {
  const giveUpAt = performance.now() + ADDED_MAX_MS;
  for (;;) {
    try {
      const now = await membersIn(connectString);
      const joining = lines.filter(line => !now.includes(line)).join(',');
      if (joining !== '') await withClient(connectString, client => client.reconfig({ joining }));
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

async function withClient<T>(connectString: string, ask: (client: ZkClient) => Promise<T>): Promise<T> {
  const client = await ZkClient.connect(connectString);
  try {
    return await ask(client);
  } finally {
    await client.close();
  }
}
