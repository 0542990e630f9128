/** Progress messages of a run for a person, made from its events. */
import type { RunEvent } from '../results/events.ts';
import type { Terminal } from './terminal.ts';

export type SeedOutcome = Pick<
  Extract<RunEvent, { kind: 'seed' }>,
  'seed' | 'outcome' | 'counts' | 'reasons'
>;

export interface ProgressLine {
  readonly text: string;
  /** Also written to a log. Other lines appear only on a terminal, where the next one overwrites them. */
  readonly isNote: boolean;
}

/** Undefined for events that are too detailed for a person. */
export function progressLine(event: RunEvent): ProgressLine | undefined {
  switch (event.kind) {
    case 'phase':
      return { text: event.what, isNote: false };
    case 'turn': {
      const { what, round, of, topology, condition } = event;
      // The few faults of a schedule go to a log too, which would otherwise be silent for minutes.
      const isNote = what === 'fault';
      return { text: `${what} ${round + 1}/${of}, ${topology}: ${condition}`, isNote };
    }
    case 'round':
      return { text: `${event.experiment}: round ${event.round + 1} of ${event.of}`, isNote: true };
    case 'bitten': {
      const { topology, condition, fault, bit } = event;
      return { text: `${topology}, ${condition}: ${fault} ${bit ? 'bit' : 'did not bite'}`, isNote: !bit };
    }
    case 'seed':
      return { text: `${event.done} of ${event.of} ${event.unit}; ${seedText(event)}`, isNote: true };
    case 'task':
      return { text: `${event.task}: ${event.nsPerOperation.toFixed(0)} ns`, isNote: true };
    case 'note':
      return { text: event.text, isNote: true };
    default:
      return undefined;
  }
}

/** `seed 7 passed: 120 writes, 4 faults` */
export function seedText({ seed, outcome, counts }: SeedOutcome): string {
  const counted = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  return `seed ${seed} ${outcome}: ${counted.join(', ')}`;
}

/** @param isTTY whether a person watches; elsewhere only notes are written, so that logs stay short */
export function progressOn(terminal: Terminal, isTTY: boolean): (event: RunEvent) => void {
  let firstAt: number | undefined;
  return event => {
    firstAt ??= event.at;
    const line = progressLine(event);
    if (line === undefined || !(isTTY || line.isNote)) return;
    const seconds = Math.floor((event.at - firstAt) / 1000);
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    terminal.progress(`${clock}  ${line.text}`);
  };
}
