/** Decides which server is measured when: in turns, and each of two begins every second round. */
import type { EventSink } from '../../results/events.ts';
import { CONDITIONS } from '../../results/names.ts';
import { isDefect } from '../defect.ts';
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
  /**
   * Called after each round: what happened that nobody asked for, in words, once it is mended. @throws when
   * it cannot be mended
   */
  recover?(): Promise<readonly string[]>;
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

/**
 * Rounds that are cut short are dropped, and a void reason says so. So is a round in which a member ended or
 * a load could not be run; what was measured before stays.
 */
export async function takeTurns(count: number, turns: Turns): Promise<Measured> {
  const { name, first, events, signal } = turns;
  const rounds = mapped(first, (): Round[] => []);
  const voidReasons: string[] = [];
  try {
    // The compilers of both servers begin cold, and the first round would measure that.
    const { trouble } = await troubledRound(turns, () =>
      oneRound(0, turns, server =>
        events.emit({ kind: 'phase', what: `warm-up round, not counted: ${server}` }),
      ),
    );
    voidReasons.push(...trouble.map(reason => `warm-up: ${reason}`));
    for (let round = 1; round <= count; round++) {
      // Counted from 0 in the events, as in the result.
      const at = { round: round - 1, of: count };
      events.emit({ kind: 'round', experiment: name, ...at });
      const { measured, trouble } = await troubledRound(turns, () =>
        oneRound(round, turns, server =>
          events.emit({ kind: 'turn', what: name, ...at, topology: server, condition: CONDITIONS.healthy }),
        ),
      );
      voidReasons.push(...trouble.map(reason => `round ${round}: ${reason}`));
      for (const [server, { readings, ...more }] of measured) {
        const whole = { ...more, readings: { ...(round === 1 ? first[server] : {}), ...readings } };
        rounds[server]!.push(whole);
        voidReasons.push(...whole.voidReasons.map(reason => `round ${round}, ${server}, ${reason}`));
        emitSamples(events, server, round - 1, whole);
      }
    }
  } catch (error) {
    const why = signal.aborted ? '' : `: ${(error as Error).message.split('\n')[0]}`;
    if (!signal.aborted && (isDefect(error) || rounds.zklab.length === 0)) throw error;
    voidReasons.push(`ended early, after ${rounds.zklab.length} of ${count} rounds${why}`);
  }
  return { rounds, voidReasons };
}

/** A round that failed gives no measurements, and what was the matter. */
async function troubledRound(
  { recover, signal }: Turns,
  round: () => Promise<Map<PeerServer, Round>>,
): Promise<{ measured: Map<PeerServer, Round>; trouble: readonly string[] }> {
  let failure: Error | undefined;
  let measured = new Map<PeerServer, Round>();
  try {
    measured = await round();
  } catch (error) {
    failure = error as Error;
  }
  signal.throwIfAborted();
  if (isDefect(failure)) throw failure;
  const found = (await recover?.()) ?? [];
  if (failure !== undefined && found.length === 0)
    return { measured, trouble: [failure.message.split('\n')[0]!] };
  return { measured: failure === undefined ? measured : new Map(), trouble: found };
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
