/** Decides which server is measured when: in turns, and each of two begins every second round. */
import type { EventSink } from '../../results/events.ts';
import { CONDITIONS } from '../../results/names.ts';
import {
  mapped,
  type PeerServer,
  type PerServer,
  type Readings,
  type Round,
  type Rounds,
  serversOf,
} from './servers.ts';

export interface Turns {
  /** @throws the reason of `signal` when it is aborted before the end of its turn */
  measure(server: PeerServer): Promise<Round>;
  /** Readings of a server that waited while the other one had its turn. */
  rested?(server: PeerServer): Readings;
  /** Readings taken once for each server. They belong to its first round. */
  readonly first: PerServer<Readings>;
  /** `bench <name>` */
  readonly name: string;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

export interface Measured {
  readonly rounds: Rounds;
  /** One sentence each; empty when every round counts. */
  readonly voidReasons: readonly string[];
}

/** How the rounds alternate, for the printed table. */
export const TURNS_TEXT = "n = rounds of each, in turn: ours begins the odd ones, Apache's the even ones";

/** For the result. Empty for ours alone, which takes no turns. */
export function turnsLimit({ zklab, apache }: Rounds): string[] {
  if (apache === undefined) return [];
  const odd = zklab.length % 2 === 1 ? ' An odd number of rounds leaves one begun by ours more.' : '';
  return [
    'Each server begins every second round (ours the odd ones), so that a steady trend within rounds falls on both ' +
      `alike; one that comes and goes does not.${odd}`,
  ];
}

/** @param round from 1 on; the warm-up is round 0 */
export function orderOf(round: number, per: PerServer<unknown>): PeerServer[] {
  const servers = serversOf(per);
  return round % 2 === 1 ? servers : servers.reverse();
}

/** Rounds that are cut short are dropped, and a void reason says so. */
export async function takeTurns(count: number, turns: Turns): Promise<Measured> {
  const { name, first, events, signal } = turns;
  const rounds = mapped(first, (): Round[] => []);
  const voidReasons: string[] = [];
  try {
    // The compilers of both servers begin cold, and the first round would measure that.
    await oneRound(0, turns, server =>
      events.emit({ kind: 'phase', what: `warm-up round, not counted: ${server}` }),
    );
    for (let round = 1; round <= count; round++) {
      // Counted from 0 in the events, as in the result.
      const at = { round: round - 1, of: count };
      events.emit({ kind: 'round', experiment: name, ...at });
      const measured = await oneRound(round, turns, server =>
        events.emit({ kind: 'turn', what: name, ...at, topology: server, condition: CONDITIONS.healthy }),
      );
      for (const [server, { readings, ...more }] of measured) {
        const whole = { ...more, readings: { ...(round === 1 ? first[server] : {}), ...readings } };
        rounds[server]!.push(whole);
        voidReasons.push(...whole.voidReasons.map(reason => `round ${round}, ${server}, ${reason}`));
        emitSamples(events, server, round - 1, whole);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    voidReasons.push(`ended early, after ${rounds.zklab.length} of ${count} rounds`);
  }
  return { rounds, voidReasons };
}

async function oneRound(
  round: number,
  { measure, rested, first, signal }: Turns,
  begins: (server: PeerServer) => void,
): Promise<Map<PeerServer, Round>> {
  const order = orderOf(round, first);
  const measured = new Map<PeerServer, Round>();
  const resting = new Map<PeerServer, Readings>();
  for (const server of order) {
    begins(server);
    measured.set(server, await measure(server));
    for (const other of order) if (other !== server && rested) resting.set(other, rested(other));
  }
  // A phase that was cut short is no measurement, and an incomplete round gives no pair.
  signal.throwIfAborted();
  return new Map(
    [...measured].map(([server, { readings, ...more }]) => [
      server,
      { ...more, readings: { ...resting.get(server), ...readings } },
    ]),
  );
}

function emitSamples(
  events: EventSink,
  topology: PeerServer,
  round: number,
  { readings, voidReasons }: Round,
): void {
  const why = voidReasons.length > 0 && { void: voidReasons.join('; ') };
  for (const [metric, value] of Object.entries(readings))
    events.emit({
      kind: 'sample',
      ...{ metric, topology, condition: CONDITIONS.healthy, round, value: value ?? null },
      ...why,
    });
}
