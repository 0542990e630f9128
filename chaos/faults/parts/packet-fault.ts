/** What the faults of single packets share. Each has a file of its own. Only the stand-in knows packets. */
import { z } from 'zod';
import type { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import { PacketType } from '../../../server/wire/quorum-packet.ts';
import type { EnsembleShape } from '../../mesh/draw-target.ts';
import type { Link, Stream } from '../../mesh/link.ts';
import { readPacketHits } from '../../mesh/packet-hits.ts';
import { memberTargetSchema } from '../../mesh/selector-schema.ts';
import type { MemberTarget } from '../../mesh/target.ts';
import type { ToxicRequest } from '../../toxiproxy/client.ts';
import { isStandIn } from '../../toxiproxy/find.ts';
import type { FaultContext, FaultMember } from '../context.ts';
import type { DrawOptions, Fault } from '../fault.ts';
import { applyToAll, firstOf, giveWork } from './member-fault.ts';
import { chooseMembers } from './process-fault.ts';
import { addToxics } from './toxic-fault.ts';

const PACKETS = ['PROPOSAL', 'ACK', 'COMMIT', 'INFORM', 'NEWLEADER', 'UPTODATE'] as const;
type PacketName = (typeof PACKETS)[number];

interface Way {
  /** Seen from the learner, which dials. */
  readonly stream: Stream;
  /** Which learners have such packets on their connection. */
  readonly of: readonly string[];
  /** It is sent only when a learner arrives, so the connection has to end first. */
  readonly onArrival?: boolean;
}

const WAYS: Readonly<Record<PacketName, Way>> = {
  PROPOSAL: { stream: 'downstream', of: ['follower'] },
  ACK: { stream: 'upstream', of: ['follower'] },
  COMMIT: { stream: 'downstream', of: ['follower'] },
  INFORM: { stream: 'downstream', of: ['observer'] },
  NEWLEADER: { stream: 'downstream', of: ['follower', 'observer'], onArrival: true },
  UPTODATE: { stream: 'downstream', of: ['follower', 'observer'], onArrival: true },
};

export interface PacketOptions {
  /** The learners: what they hear from their master, or say to it. */
  readonly target: MemberTarget;
  readonly packet: PacketName;
  /** Which one of them, on each connection. @default 1 */
  readonly nth?: number | undefined;
}

const NTH_MAX = 1_000_000;

/** @param more keys of the kind */
export function packetSchema<More extends z.ZodRawShape>(more: More) {
  const keys = z.strictObject({
    target: memberTargetSchema,
    packet: z.enum(PACKETS),
    nth: z.int().min(1).max(NTH_MAX).default(1),
    ...more,
  });
  return keys.superRefine((options, context) => {
    const { target, packet } = options as unknown as PacketOptions;
    if (typeof target === 'string' || !('role' in target) || WAYS[packet].of.includes(target.role)) return;
    const message = `${WAYS[packet].of.join(', ')}, whose connections have ${packet} packets`;
    context.addIssue({ code: 'custom', path: ['target', 'role'], message });
  });
}

/** Undefined where nobody follows anybody. */
export function drawPackets(random: SeededRandom, { members }: EnsembleShape): DrawOptions | undefined {
  const voters = members.filter(({ role }) => role === 'participant').length;
  const counts: Readonly<Record<string, number>> = {
    follower: voters - 1,
    observer: members.length - voters,
  };
  const possible = PACKETS.filter(packet => WAYS[packet].of.some(role => counts[role]! > 0));
  if (possible.length === 0) return undefined;
  const some = possible.filter(() => random.chance(0.5));
  const packets = some.length > 0 ? some : possible;
  const nthMax = random.pick([1, 10, 100]);
  return own => {
    const packet = own.pick(packets);
    const role = own.pick(WAYS[packet].of.filter(each => counts[each]! > 0));
    const nth = WAYS[packet].onArrival ? 1 : 1 + own.below(nthMax);
    return { target: { role, count: 1 + own.below(counts[role]!) }, packet, nth };
  };
}

const HIT_MAX_MS = 10_000;

/** The toxic acts on every connection between the learners and their masters while the fault is in force. */
export function packetFault(
  name: string,
  does: string,
  { target, packet, nth = 1 }: PacketOptions,
  toxic: Pick<ToxicRequest, 'type'> & { readonly attributes?: ToxicRequest['attributes'] },
): Fault {
  return {
    name,
    description: `${packet} ${nth} ${does}`,
    async inject(context) {
      if (!(await isStandIn(context.client.url)))
        throw new Error(
          'only the built-in stand-in for Toxiproxy knows packets of ZooKeeper; TOXIPROXY_URL=stand-in starts it',
        );
      const learners = await chooseMembers(context, target);
      const names = learners.map(each => each.name);
      const links = context.mesh.links.filter(
        ({ from, kind }) => names.includes(from) && (kind === 'quorum' || kind === 'observerMaster'),
      );
      const { stream, onArrival = false } = WAYS[packet];
      const attributes = { ...toxic.attributes, packet: PacketType[packet], nth };
      const hits = () => hitsOn(context, links, stream);
      const before = await hits();
      const mayEnd = learners.filter(endsAtMismatch).map(expectingEnd);
      const active = await applyToAll(links, async link => {
        const heal = await addToxics(context, link, [stream], { type: toxic.type, attributes });
        if (onArrival) await reconnect(context, link);
        return heal;
      });
      return {
        ...active,
        async heal() {
          await active.heal();
          await Promise.all(mayEnd.map(comeBack => comeBack()));
        },
        async proveBite() {
          const found = await firstOf(async () => {
            await Promise.all(context.members.map(giveWork));
            const now = await hits();
            return now > before ? now : undefined;
          }, HIT_MAX_MS);
          const how = `packets that the stand-in ${does}; a bite is one within ${HIT_MAX_MS} ms`;
          return {
            bit: found !== undefined,
            before: { packets: before },
            after: { packets: found ?? before },
            how,
          };
        },
      };
    },
  };
}

async function hitsOn({ client }: FaultContext, links: readonly Link[], stream: Stream): Promise<number> {
  const hits = await readPacketHits(client);
  return links.reduce((sum, { name }) => sum + (hits.get(name)?.[stream] ?? 0), 0);
}

async function reconnect({ client }: FaultContext, { name }: Link): Promise<void> {
  await client.setEnabled(name, false);
  await client.setEnabled(name, true);
}

/** Apache's learner exits (code 12) when a COMMIT does not fit its proposals. Ours must resynchronise. */
function endsAtMismatch({ implementation = 'zklab' }: FaultMember): boolean {
  return implementation !== 'zklab';
}

/** Returns what starts the member again, if it has ended meanwhile. */
function expectingEnd(member: FaultMember): () => Promise<void> {
  const { pid } = member;
  const endIsExpected = member.expectEnd?.(pid);
  return async () => {
    if (member.pid === pid && member.stateOf(pid) === 'gone') await member.restart();
    else endIsExpected?.();
  };
}
