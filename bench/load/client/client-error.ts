import { errorName } from '../../../server/wire/error-codes.ts';
import type { MultiResult } from './multi-codec.ts';

/** A failed operation. `code` is ZooKeeper's number, `codeName` its name ("NONODE"). */
export class ZkClientError extends Error {
  readonly code: number;
  readonly codeName: string;
  readonly path: string | undefined;
  /** Only for a failed multi: the outcome of each of its operations. */
  readonly results: readonly MultiResult[] | undefined;

  constructor(code: number, what: string, path?: string, results?: readonly MultiResult[], cause?: unknown) {
    const on = path === undefined ? '' : ` ${path}`;
    super(`${errorName(code)}: ${what}${on}`, cause === undefined ? undefined : { cause });
    this.name = 'ZkClientError';
    this.code = code;
    this.codeName = errorName(code);
    this.path = path;
    this.results = results;
  }
}
