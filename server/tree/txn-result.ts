import type { Stat } from '../wire/stat.ts';
import type { ZNode } from './znode.ts';

/** The result of one transaction. */
export interface TxnResult {
  /** The type of the transaction; `error` for each part of a multi that failed. */
  readonly type: number;
  err: number;
  /** "" when the transaction names no path. */
  readonly path: string;
  /** The node, for replies that carry a Stat. It is live, so write the reply before the next transaction. */
  node: ZNode | null;
  /** In the parts of a multi, the Stat right after that part; later parts may change it again. */
  stat: Stat | null;
  /** One per part of a multi, else null. */
  results: TxnResult[] | null;
}

export function resultOf(type: number, err: number, path: string, node: ZNode | null): TxnResult {
  return { type, err, path, node, stat: null, results: null };
}
