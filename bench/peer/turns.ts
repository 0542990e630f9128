/** Decides which server is measured when: in turns, and each of two begins every second round. */
import type { EventSink } from '../../results/events.ts';
import { CONDITIONS } from '../../results/names.ts';
import { isDefect } from '../defect.ts';
import {
  mapped,
  type PerSide,
  type Readings,
  type Round,
  type Rounds,
  type Side,
  sidesOf,
} from './servers.ts';

export interface Turns {
  /** @throws the reason of `signal` when it is aborted before the end of its turn */
  measure(side: Side): Promise<Round>;
  /** Readings of a server that waited while the other one had its turn. It may wait for longer. */
  rested?(side: Side): Promise<Readings>;
  /** Readings taken once for each server. They belong to its first round. */
  readonly once: PerSide<Readings>;
  /** As results and events name the servers. */
  readonly names: PerSide<string>;
  /** `bench <name>` */
  readonly name: string;
  readonly events: EventSink;
  readonly signal: AbortSignal;
  /**
   * Called after each round: what happened that nobody asked for, in words, once it is mended. @throws when
   * it cannot be mended
   */
  recover?(): Promise<readonly string[]>;
  /** Where these rounds stand among those of several fresh starts. @default there is one start */
  readonly among?: Among;
}

export interface Among {
  /** From 0. */
  readonly start: number;
  readonly roundsBefore: number;
  readonly roundsInAll: number;
}

export interface Measured {
  readonly rounds: Rounds;
  /** One sentence each; empty when every round counts. */
  readonly voidReasons: readonly string[];
  readonly endedEarly: boolean;
}

/** How the rounds alternate, for the printed table. */
export function turnsText({ first, second }: PerSide<string>, roundsPerStart?: number): string {
  if (roundsPerStart !== undefined)
    return `n = fresh starts of both, of ${roundsPerStart} rounds each, in turn: ${first} begins the odd rounds, ${second} the even ones`;
  return `n = rounds of each, in turn: ${first} begins the odd ones, ${second} the even ones`;
}

/** For the result. Empty for a server that is alone, which takes no turns. */
export function turnsLimit({ first, second }: Rounds, names: PerSide<string>): string[] {
  if (second === undefined) return [];
  const odd =
    first.length % 2 === 1 ? ` An odd number of rounds leaves one more begun by ${names.first}.` : '';
  return [
    `Each server begins every second round (${names.first} the odd ones), so that a steady trend within rounds falls on both ` +
      `alike; one that comes and goes does not.${odd}`,
  ];
}

/** @param round from 1 on; the warm-up is round 0 */
export function orderOf(round: number, per: PerSide<unknown>): Side[] {
  const sides = sidesOf(per);
  return round % 2 === 1 ? sides : sides.reverse();
}

/**
 * Rounds that are cut short are dropped, and a void reason says so. So is a round in which a member ended or
 * a load could not be run; what was measured before stays.
 */
export async function takeTurns(count: number, turns: Turns): Promise<Measured> {
  const { name, once, names, events, signal, among } = turns;
  const { roundsBefore, roundsInAll } = among ?? { roundsBefore: 0, roundsInAll: count };
  const rounds = mapped(once, (): Round[] => []);
  const voidReasons: string[] = [];
  let endedEarly = false;
  try {
    // Both servers begin with code that is not compiled yet, and the first round would measure that.
    const { trouble } = await troubledRound(turns, () =>
      oneRound(0, turns, side =>
        events.emit({ kind: 'phase', what: `warm-up round, not counted: ${names[side]}` }),
      ),
    );
    voidReasons.push(...trouble.map(reason => `warm-up: ${reason}`));
    for (let round = roundsBefore + 1; round <= roundsBefore + count; round++) {
      // Counted from 0 in the events, as in the result.
      const at = { round: round - 1, of: roundsInAll };
      events.emit({ kind: 'round', experiment: name, ...at });
      const { measured, trouble } = await troubledRound(turns, () =>
        oneRound(round, turns, side =>
          events.emit({
            kind: 'turn',
            what: name,
            ...at,
            topology: names[side]!,
            condition: CONDITIONS.healthy,
          }),
        ),
      );
      voidReasons.push(...trouble.map(reason => `round ${round}: ${reason}`));
      for (const [side, { readings, ...more }] of measured) {
        const isFirst = round === roundsBefore + 1;
        const whole = {
          ...more,
          readings: { ...(isFirst ? once[side] : {}), ...readings },
          ...(among && { start: among.start }),
        };
        rounds[side]!.push(whole);
        voidReasons.push(...whole.voidReasons.map(reason => `round ${round}, ${names[side]}, ${reason}`));
        emitSamples(events, names[side]!, round - 1, whole);
      }
    }
  } catch (error) {
    const why = signal.aborted ? '' : `: ${(error as Error).message.split('\n')[0]}`;
    const done = roundsBefore + rounds.first.length;
    if (!signal.aborted && (isDefect(error) || done === 0)) throw error;
    voidReasons.push(`ended early, after ${done} of ${roundsInAll} rounds${why}`);
    endedEarly = true;
  }
  return { rounds, voidReasons, endedEarly };
}

/** A round that failed gives no measurements, and what was the matter. */
async function troubledRound(
  { recover, signal }: Turns,
  round: () => Promise<Map<Side, Round>>,
): Promise<{ measured: Map<Side, Round>; trouble: readonly string[] }> {
  let failure: Error | undefined;
  let measured = new Map<Side, Round>();
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
  { measure, rested, once, signal }: Turns,
  begins: (side: Side) => void,
): Promise<Map<Side, Round>> {
  const order = orderOf(round, once);
  const measured = new Map<Side, Round>();
  const resting = new Map<Side, Readings>();
  for (const side of order) {
    begins(side);
    measured.set(side, await measure(side));
    for (const other of order) if (other !== side && rested) resting.set(other, await rested(other));
  }
  // A phase that was cut short is no measurement, and an incomplete round gives no pair.
  signal.throwIfAborted();
  return new Map(
    [...measured].map(([side, { readings, ...more }]) => [
      side,
      { ...more, readings: { ...resting.get(side), ...readings } },
    ]),
  );
}

function emitSamples(
  events: EventSink,
  topology: string,
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
