/** What the commands of all rooms share: how they are declared, and what they get from the front door. */
import { InvalidArgumentError } from 'commander';
import type { ExitCode } from '../results/verdicts.ts';
import type { ComparisonViews, Views } from './present.ts';
import type { Terminal } from './terminal.ts';

/** What every command needs besides its own arguments. */
export interface CommandContext {
  readonly out: Terminal;
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP; the second ends the process at once. */
  readonly signal: AbortSignal;
  /** Loads what renders a result for people. */
  views(): Promise<Views>;
  /** Loads what renders a comparison. */
  comparisonViews(): Promise<ComparisonViews>;
}

/** The last part of a command's help. */
export function example(...lines: string[]): string {
  return `\nExample:\n${lines.map(line => `  ${line}`).join('\n')}`;
}

/** An action whose outcome is the exit code. */
export function runs<A extends unknown[]>(
  action: (...args: A) => Promise<ExitCode>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    process.exitCode = await action(...args);
  };
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is accepted.`);
  };
}
