import type { StreamSettings } from '../config/stream-settings.ts';

/** Transactions that are not in the stream: those after `after`, up to and including `through`. */
export interface Gap {
  readonly after: number;
  readonly through: number;
  /** start: the stream begins here. lost: this observer no longer has the transactions. */
  readonly reason: 'start' | 'lost';
}

/** A committed transaction: header, body and digest, as in the log. */
export interface StreamTxn {
  readonly zxid: number;
  readonly txn: Uint8Array;
}

/**
 * Messages of the observer to its plug-in: `open` first, then one batch after the other, each when the last
 * is stored.
 */
export type ToPlugIn =
  | { readonly type: 'open'; readonly settings: StreamSettings }
  | { readonly type: 'send'; readonly txns: readonly StreamTxn[] }
  | { readonly type: 'tell'; readonly gap: Gap };

/** Answers of the plug-in. After `failed` it ends. */
export type FromPlugIn =
  /** The zxid of the last message that the broker has; null when it has none. */
  | { readonly type: 'opened'; readonly zxid: number | null }
  /** The broker has everything up to this zxid. */
  | { readonly type: 'stored'; readonly zxid: number }
  | { readonly type: 'failed'; readonly reason: string };
