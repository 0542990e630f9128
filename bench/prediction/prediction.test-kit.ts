/** Windows of a server whose costs are known, for tests of whatever finds them. */
import type { WorkWindow } from '../../results/schema.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { readTopology } from '../topology/read-topology.ts';
import type { Batching } from './batching.ts';
import { CELLS, loadsOf } from './cells.ts';
import { type Costs, coresOf } from './cost-model.ts';
import { CARRIES_VALUE, expectedWork, type Overheads, type RoleWork } from './expected-work.ts';
import { MESSAGE_KINDS, type TrafficByKind, WORK_KINDS } from './work.ts';

export const TRUE_COSTS: Costs = {
  second: 2_000,
  turn: 20,
  flush: 8,
  fsync: 40,
  led: 12,
  followed: 9,
  observed: 7,
  followerTold: 3,
  observerTold: 1.5,
  request: 10,
  forwarded: 4,
  kilobyte: 2,
};
export const TRUE_BATCHING: Batching = { fsyncMs: 0.8, flushMs: 0.3, turnMs: 0.2 };
export const TRUE_OVERHEADS: Overheads = {
  proposal: 100,
  ack: 40,
  commit: 40,
  inform: 105,
  request: 60,
  clientRequest: 50,
};

const SECONDS = 2;
const SESSIONS = 8;

export interface Planted {
  /** Standard deviation of what is measured, as a share of it. @default 0 */
  readonly noise?: number;
  /** @default 1 */
  readonly rounds?: number;
  /** What the CPU of a member really is, in cores. @default what its costs sum up to */
  readonly coresOf?: (work: RoleWork) => number;
}

export function syntheticWindows({
  noise = 0,
  rounds = 1,
  coresOf: truth = costed,
}: Planted = {}): WorkWindow[] {
  const random = new SeededRandom('synthetic windows');
  return Array.from({ length: rounds }, (_, round) => round).flatMap(round =>
    CELLS.flatMap(cell => {
      const { members, observerMasters: masters } = readTopology(cell.topology);
      const voters = members.filter(({ role }) => role === 'participant').length;
      const observers = members.length - voters + cell.sinks;
      return loadsOf(cell).map((paced): WorkWindow => {
        const load = { ...paced, clients: cell.clients, sessions: SESSIONS };
        const roles = expectedWork({ voters, observers, masters }, load, TRUE_BATCHING, TRUE_OVERHEADS);
        return {
          topology: cell.name,
          round,
          isHeldOut: cell.isHeldOut,
          ...{ voters, observers, masters, ...load },
          seconds: SECONDS,
          committedPerSecond: paced.ratePerSecond,
          latencyP50Us: null,
          members: roles.map(each =>
            memberOf(each, truth(each) * (1 + noise * gauss(random)), load.valueBytes),
          ),
        };
      });
    }),
  );
}

function costed({ work }: RoleWork): number {
  return coresOf(work, TRUE_COSTS);
}

function memberOf(
  { role, work }: RoleWork,
  cores: number,
  valueBytes: number,
): WorkWindow['members'][number] {
  const messages = {
    proposal: work.followerTold,
    commit: work.followerTold,
    ack: work.followed,
    inform: work.observerTold,
    request: role === 'leader' ? 0 : work.forwarded,
  };
  const bytesOf = (kind: keyof Overheads) => TRUE_OVERHEADS[kind] + (CARRIES_VALUE[kind] ? valueBytes : 0);
  const sent = Object.fromEntries(
    MESSAGE_KINDS.map(kind => [
      kind,
      { messages: messages[kind] * SECONDS, bytes: messages[kind] * SECONDS * bytesOf(kind) },
    ]),
  ) as TrafficByKind;
  return {
    member: role,
    role,
    cpuUs: cores * 1e6 * SECONDS,
    work: Object.fromEntries(WORK_KINDS.map(kind => [kind, work[kind] * SECONDS])),
    sent: { ...sent },
    clientBytesReceived: work.request * SECONDS * bytesOf('clientRequest'),
  };
}

/** The sum of twelve uniform numbers is nearly normal. */
function gauss(random: SeededRandom): number {
  return Array.from({ length: 12 }, () => random.float()).reduce((sum, each) => sum + each, -6);
}
