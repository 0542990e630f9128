export type StoreProblem = 'missing' | 'damaged' | 'other version' | 'invalid' | 'unwritable';

/**
 * A run that cannot be read or written. `problem` tells in which way. Apart from the store, because the front
 * door knows this error without the schemas.
 */
export class StoreError extends Error {
  readonly problem: StoreProblem;

  constructor(problem: StoreProblem, message: string) {
    super(message);
    this.name = 'StoreError';
    this.problem = problem;
  }
}
