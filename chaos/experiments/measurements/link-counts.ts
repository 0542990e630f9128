/**
 * What the kernel counted on the connections by which learners follow, per transaction. It knows any server,
 * and packets besides bytes. A link with a proxy is left out, because it would show the packets of the proxy.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TcpSocket } from '../../../bench/hosts/tcp-sockets.ts';
import { fourLetterWord, parseSrvr } from '../../../bench/topology/four-letter.ts';
import type { Member } from '../../../bench/topology/member.ts';
import type { RoleAssignment } from '../stage.ts';

/** The connection of each learner to the leader or its observer master. */
export type Links = ReadonlyMap<Member, TcpSocket>;

/** Empty where the machine does not tell, or proxies stand on the links. */
export async function linksOf(members: readonly Member[]): Promise<Links> {
  const masters = new Set(
    members.flatMap(({ plan: { ports } }) =>
      [ports.quorum, ports.observerMaster].map(({ host, port }) => `${host}:${port}`),
    ),
  );
  const links = new Map<Member, TcpSocket>();
  for (const [host, pids] of pidsByHost(members)) {
    for (const socket of (await host.tcpSockets(pids)) ?? []) {
      const member = members.find(each => each.host === host && each.pid === socket.pid);
      if (member !== undefined && masters.has(socket.remote)) links.set(member, socket);
    }
  }
  return links;
}

function pidsByHost(members: readonly Member[]): Map<Member['host'], number[]> {
  const pids = new Map<Member['host'], number[]>();
  for (const { host, pid } of members) pids.set(host, [...(pids.get(host) ?? []), pid]);
  return pids;
}

/** The average link of each role; only roles of which every link is the same connection as before. */
export function linkCountsOf(
  before: Links,
  after: Links,
  { leader, observers }: Pick<RoleAssignment, 'leader' | 'observers'>,
  members: readonly Member[],
  transactions: number,
): Record<string, number> {
  const followers = members.filter(member => member !== leader && !observers.includes(member));
  const counts: Record<string, number> = {};
  for (const [role, learners] of [
    ['follower', followers],
    ['observer', observers],
  ] as const) {
    const used = learners.flatMap(member => linkUse(before.get(member), after.get(member)) ?? []);
    if (used.length === 0 || used.length < learners.length || transactions === 0) continue;
    const perWrite = (of: (use: LinkUse) => number) =>
      used.reduce((sum, use) => sum + of(use), 0) / used.length / transactions;
    counts[`${role}LinkBytesPerWrite`] = perWrite(({ bytes }) => bytes);
    counts[`${role}LinkPacketsPerWrite`] = perWrite(({ packets }) => packets);
  }
  return counts;
}

interface LinkUse {
  readonly bytes: number;
  readonly packets: number;
}

/** Both directions together. */
function linkUse(from: TcpSocket | undefined, to: TcpSocket | undefined): LinkUse | undefined {
  if (from === undefined || to === undefined || from.local !== to.local) return undefined;
  return {
    bytes: to.bytesSent + to.bytesReceived - from.bytesSent - from.bytesReceived,
    packets: to.packetsSent + to.packetsReceived - from.packetsSent - from.packetsReceived,
  };
}

const LEVEL_MAX_MS = 5_000;
const POLL_MS = 20;

/** The last zxid of the leader, once every member has applied it. @throws Error when one does not in time */
export async function levelZxid(members: readonly Member[], leader: Member): Promise<bigint> {
  const giveUpAt = performance.now() + LEVEL_MAX_MS;
  for (;;) {
    const last = await lastZxid(leader);
    const others = await Promise.all(members.filter(member => member !== leader).map(lastZxid));
    if (others.every(zxid => zxid >= last)) return last;
    if (performance.now() > giveUpAt)
      throw new Error(`a member is still behind the leader ${LEVEL_MAX_MS} ms after a load`);
    await sleep(POLL_MS);
  }
}

async function lastZxid({ plan }: Member): Promise<bigint> {
  const srvr = parseSrvr(await fourLetterWord(plan.ports.client, 'srvr'));
  return srvr === null ? 0n : BigInt(srvr.zxid);
}
