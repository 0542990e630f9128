import { z } from 'zod';
import type { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import {
  ACK_WAIT_MS_MAX,
  CALM_SYNC_MS,
  ms,
  onceAt,
  orderSchema,
  REBOOT_MS,
  STEPS_MS,
  simulatedFault,
} from './simulated-fault.ts';

const fields = {
  /** Decides who is the minority and who acknowledges. The leader of the moment is left out of the order. */
  order: orderSchema,
  syncDelayMs: ms,
  leadMs: ms,
  /** What the power loss follows, and how soon. */
  on: z.enum(['ack', 'leading']),
  afterMs: ms,
  /** Who of the bare majority comes back first: its leader, or the first member that acknowledges. */
  back: z.enum(['leader', 'acker']),
  awayMs: ms,
};

export type MajorityLoss = z.infer<z.ZodObject<typeof fields>>;

/**
 * A bare majority loses what it acknowledged:
 * 1. A minority is cut off, so that every acknowledgement rests on a bare majority. One of that majority has
 *    a slow disk.
 * 2. Behind an acknowledgement, or when the majority has just formed again, all of it loses power.
 * 3. One of it comes back. With the minority it is a quorum, so what it acknowledged but does not have is
 *    lost.
 * 4. The rest of it joins the new epoch, perhaps with transactions that nobody else has. Without a time to
 *    stay away (0) it does so as soon as another member leads, when those transactions can still be cut.
 */
export const majorityLoss = simulatedFault(
  'majority-loss',
  fields,
)({
  description: 'a bare majority loses power behind an acknowledgement, and one of it comes back first',
  weight: 2,
  ofServers: true,
  focus: { days: 3, intervalMs: 4500 },
  draw: ({ random, sids }) => ({
    order: random.shuffled(sids),
    leadMs: random.between(20, 600),
    ...drawStrike(random),
    awayMs: random.chance(0.3) ? 0 : random.between(1200, 3000),
  }),
  leastMs: ({ leadMs, afterMs, awayMs }) => leadMs + ACK_WAIT_MS_MAX + afterMs + Math.max(awayMs, STEPS_MS),
  begin(stage, fault) {
    const { world } = stage;
    const leader = world.leader();
    if (leader === undefined) return undefined;
    const others = fault.order.filter(sid => sid !== leader && world.isVoter(sid));
    const minority = others.slice(0, Math.floor(others.length / 2));
    const majority = [leader, ...others.slice(minority.length)];
    const back = fault.back === 'leader' ? leader : (majority[1] ?? leader);
    const links = minority.flatMap(a =>
      world.sids.filter(b => !minority.includes(b)).flatMap(b => [[a, b] as const, [b, a] as const]),
    );
    for (const [from, to] of links) world.cut(from, to, 'blackhole');
    world.setSyncDelay(back, fault.syncDelayMs);
    const startAll = () => {
      for (const sid of majority) world.start(sid);
    };
    const strike = () => {
      for (const sid of majority) world.crash(sid, 'power');
      world.setSyncDelay(back, CALM_SYNC_MS);
      for (const [from, to] of links) world.heal(from, to);
      stage.after(REBOOT_MS, () => world.start(back));
      if (fault.awayMs > 0) stage.after(fault.awayMs, startAll);
      else onceAt(stage, 'leading', fault.leadMs + ACK_WAIT_MS_MAX, startAll);
    };
    /**
     * The majority forms once more. The member with the slow disk has lost what the others kept, and is
     * synchronised.
     */
    const again = () => {
      for (const sid of majority) world.crash(sid, sid === back ? 'power' : 'kill');
      for (const sid of majority) stage.after(REBOOT_MS, () => world.start(sid));
    };
    stage.after(fault.leadMs, () => {
      onceAt(stage, fault.on, ACK_WAIT_MS_MAX, () => stage.after(fault.afterMs, strike));
      if (fault.on === 'leading') again();
    });
    return startAll;
  },
});

/**
 * The power fails right behind the acknowledgement, or while the history of a new leader may not yet be on
 * every disk that acknowledged it.
 */
function drawStrike(random: SeededRandom): Pick<MajorityLoss, 'on' | 'afterMs' | 'back' | 'syncDelayMs'> {
  const back = random.pick(['leader', 'acker'] as const);
  if (random.chance(0.6)) return { on: 'ack', afterMs: 0, back, syncDelayMs: random.between(5, 200) };
  // Clients need some time to reconnect and read.
  const afterMs = random.between(60, 300);
  return { on: 'leading', afterMs, back: 'acker', syncDelayMs: afterMs + random.between(20, 200) };
}
