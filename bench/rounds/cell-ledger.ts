/** What a run was asked to measure, and what became of it. It measures nothing itself. */
import type { Measurement } from '../../results/schema.ts';

/** One measurement of a round: an experiment on a topology under a condition. */
export interface CellPlace {
  readonly experiment: string;
  readonly topology: string;
  readonly condition: string;
}

interface Row extends CellPlace {
  measured: number;
  readonly lost: { readonly round: number; readonly reason: string; readonly isExcused: boolean }[];
}

export class CellLedger {
  readonly #rows = new Map<string, Row>();

  measured(place: CellPlace): void {
    this.#at(place).measured += 1;
  }

  /**
   * @param isExcused the machine was too busy for this load. A few of these are left out, like void rounds;
   * anything else that was lost makes the run void.
   */
  lost(place: CellPlace, round: number, reason: string, isExcused = false): void {
    this.#at(place).lost.push({ round, reason, isExcused });
  }

  /** What was asked for and not measured. Places that miss the same for the same reason share a sentence. */
  unmeasured(): string[] {
    const places = new Map<string, string[]>();
    for (const row of [...this.#rows.values()].filter(isShort)) {
      const { experiment, topology, condition } = row;
      const why = whyShort(row);
      places.set(why, [...(places.get(why) ?? []), `${experiment} of ${topology}, ${condition}`]);
    }
    return [...places].map(([why, names]) => `${names.join('; ')}: ${why}`);
  }

  #at(place: CellPlace): Row {
    const key = JSON.stringify([place.experiment, place.topology, place.condition]);
    const row = this.#rows.get(key) ?? { ...place, measured: 0, lost: [] };
    this.#rows.set(key, row);
    return row;
  }
}

function isShort({ measured, lost }: Row): boolean {
  return lost.some(({ isExcused }) => !isExcused) || lost.length > measured;
}

function whyShort({ measured, lost }: Row): string {
  const rounds = new Map<string, number[]>();
  for (const { round, reason } of lost) rounds.set(reason, [...(rounds.get(reason) ?? []), round + 1]);
  const why = [...rounds].map(([reason, numbers]) => `${roundsText(numbers)}: ${reason}`).join('; ');
  return `${measured} of ${measured + lost.length} rounds were measured; ${why}`;
}

/** `round 2`, `rounds 2 to 4`, `rounds 2, 4` */
function roundsText(numbers: readonly number[]): string {
  const [first = 0] = numbers;
  const last = numbers.at(-1)!;
  if (numbers.length === 1) return `round ${first}`;
  const isRun = numbers.length > 2 && last - first === numbers.length - 1;
  return `rounds ${isRun ? `${first} to ${last}` : numbers.join(', ')}`;
}

/** Places that were measured, and of which no round counts. One sentence for each topology and condition. */
export function withoutSamples(measurements: readonly Measurement[]): string[] {
  const places = new Map<string, Measurement[]>();
  for (const each of measurements) {
    const place = `${each.topology}, ${each.condition}`;
    places.set(place, [...(places.get(place) ?? []), each]);
  }
  return [...places].flatMap(([place, rows]) =>
    rows.some(({ samples }) => samples.length > 0)
      ? []
      : [`${place}: no round counts; ${rows[0]!.summary.warnings[0] ?? 'nothing was measured'}`],
  );
}
