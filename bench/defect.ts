import { UsageError } from './usage-error.ts';

const DEFECTS = [TypeError, RangeError, ReferenceError, SyntaxError, UsageError];

/** A mistake of zklab or of its input, and no trouble of what is measured. */
export function isDefect(error: unknown): boolean {
  return DEFECTS.some(kind => error instanceof kind);
}
