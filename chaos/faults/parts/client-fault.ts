/** What the faults of clients share: each is a neighbour of `bench/fairness`, in a process of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFairnessTree } from '../../../bench/fairness/fairness-tree.ts';
import { NeighbourProcess } from '../../../bench/fairness/neighbour-process.ts';
import type { NeighbourName } from '../../../bench/fairness/neighbours.ts';
import type { LoadTarget } from '../../../bench/load/load-spec.ts';
import type { MemberTarget } from '../../mesh/target.ts';
import type { FaultMember, ProcessFaultContext } from '../context.ts';
import { type Fault, type FaultKind, needsProcesses, type Readings } from '../fault.ts';
import { applyToMembers } from './member-fault.ts';
import { chooseMembers } from './process-fault.ts';
import { type TargetOptions, targeted } from './targeted.ts';

/** Children of the wide znode. Whoever judges a run reads all of them. */
const CHILDREN = 200;
const TREE_MAX_MS = 20_000;
const TREE_PAUSE_MS = 200;
const COUNT_AFTER_MS = [250, 2_000, 10_000, 20_000];

export function clientFaultKind(
  name: string,
  description: string,
  neighbour: NeighbourName,
): FaultKind<TargetOptions> {
  return {
    name,
    description,
    ...targeted,
    available: needsProcesses,
    create: ({ target }) => clientFault(name, description, neighbour, target),
  };
}

function clientFault(
  name: string,
  description: string,
  neighbour: NeighbourName,
  target: MemberTarget,
): Fault<ProcessFaultContext> {
  return {
    name,
    description,
    async inject(context) {
      const members = await chooseMembers(context, target);
      // The znodes stay: every later fault of clients finds them.
      await makeTree(loadTargetOf(members[0]!));
      const clients = new Map<string, NeighbourProcess>();
      return applyToMembers(
        members,
        async member => {
          const client = new NeighbourProcess();
          clients.set(member.name, client);
          try {
            await client.begin(neighbour, loadTargetOf(member));
          } catch (error) {
            await client.close();
            throw error;
          }
          return () => client.close();
        },
        async () => {
          const served = await Promise.all(
            members.map(member => servedBy(clients.get(member.name)!, neighbour, member)),
          );
          const named = (counts: readonly number[]): Readings =>
            Object.fromEntries(members.map(({ name: member }, at) => [`${member} served`, counts[at]!]));
          const how = 'requests that the member served for these clients, as they count them; a bite is one';
          return {
            bit: served.every(count => count > 0),
            before: named(members.map(() => 0)),
            after: named(served),
            how,
          };
        },
      );
    },
  };
}

/** A connection may be lost meanwhile, as in an election that the last fault has caused. */
async function makeTree(target: LoadTarget): Promise<void> {
  const giveUpAt = performance.now() + TREE_MAX_MS;
  for (;;) {
    try {
      return await makeFairnessTree(target, CHILDREN);
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await sleep(TREE_PAUSE_MS);
    }
  }
}

/** A neighbour is counted when it stops, and goes on after that. */
async function servedBy(
  client: NeighbourProcess,
  neighbour: NeighbourName,
  member: FaultMember,
): Promise<number> {
  let served = 0;
  for (const afterMs of COUNT_AFTER_MS) {
    await sleep(afterMs);
    served += await client.stop();
    await client.begin(neighbour, loadTargetOf(member));
    if (served > 0) break;
  }
  return served;
}

function loadTargetOf({ name, clientAddress }: FaultMember): LoadTarget {
  const colon = clientAddress.lastIndexOf(':');
  return { name, host: clientAddress.slice(0, colon), port: Number(clientAddress.slice(colon + 1)) };
}
