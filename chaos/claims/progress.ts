/** What a person sees of a run while it goes on. */

export interface Progress {
  /** What is done now; replaces what was said before it. */
  step(text: string): void;
  /** Stays. */
  note(text: string): void;
  /** Leaves the terminal as a next program expects it. */
  end(): void;
}

const WIDTH_DEFAULT = 80;
const CLEAR_LINE = '\r\x1b[2K';

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One line that changes on a terminal; elsewhere notes alone, a line each, so that logs stay short. */
export function progressOn(stream: Terminal, startedMs = performance.now()): Progress {
  const clock = () => {
    const seconds = Math.floor((performance.now() - startedMs) / 1000);
    return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
  };
  if (stream.isTTY !== true)
    return {
      step: () => {},
      note: text => void stream.write(`${clock()}  ${text}\n`),
      end: () => {},
    };
  const show = (text: string) =>
    stream.write(`${CLEAR_LINE}${`${clock()}  ${text}`.slice(0, (stream.columns ?? WIDTH_DEFAULT) - 1)}`);
  return {
    step: text => void show(text),
    note: text => {
      show(text);
      stream.write('\n');
    },
    end: () => void stream.write(CLEAR_LINE),
  };
}

export const SILENT: Progress = { step: () => {}, note: () => {}, end: () => {} };
