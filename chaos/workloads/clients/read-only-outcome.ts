import { isWrite, type OperationName } from '../../checkers/history.ts';
import type { Completion } from './history-recorder.ts';

interface Answer {
  readonly type: 'ok' | 'fail';
  readonly completion: Completion;
}

interface Server {
  /** The client knew from its request to the answer that the server is read-only. */
  readonly isKnown: boolean;
  /** The server may show what no quorum has accepted. */
  readonly showsAnything: boolean;
}

/**
 * What an answer says for certain. A write that was under way when a server lost its leader may have been
 * carried out, whatever the answer: NOTREADONLY is certain only from a server that was read-only before
 * (003-19). @see docs/read-only.md
 */
export function outcomeAt(
  { type, completion }: Answer,
  f: OperationName,
  { isKnown, showsAnything }: Server,
): { readonly type: 'ok' | 'fail' | 'info'; readonly completion: Completion } {
  const told: Completion = {
    ...completion,
    ...(isKnown ? { readOnly: true } : {}),
    ...(showsAnything ? { unagreed: true } : {}),
  };
  const { error } = completion;
  const isOpen = error === 'CONNECTIONLOSS' || (error === 'NOTREADONLY' && !isKnown);
  return { type: type === 'fail' && isWrite(f) && isOpen ? 'info' : type, completion: told };
}
