/** What a person sees of a run while it goes on. */
import type { Terminal } from '../../bench/terminal.ts';

export interface Progress {
  /** What is done now: for a terminal, where it is overwritten by the next. */
  step(text: string): void;
  /** Worth a line of a log too. */
  note(text: string): void;
}

/** @param isTTY whether a person looks: elsewhere only notes are written, so that logs stay short */
export function progressOn(terminal: Terminal, isTTY: boolean): Progress {
  const startedMs = performance.now();
  const show = (text: string) => {
    const seconds = Math.floor((performance.now() - startedMs) / 1000);
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    terminal.progress(`${clock}  ${text}`);
  };
  return { step: text => (isTTY ? show(text) : undefined), note: show };
}

export const SILENT: Progress = { step: () => {}, note: () => {} };
