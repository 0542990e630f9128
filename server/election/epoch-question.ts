import { connectToFirst } from '../runtime/addresses/connect-to-first.ts';
import type { Address, Clock, Connection, Network, Timer } from '../runtime/runtime.ts';
import { EPOCH_ANSWER_BYTES, readEpochAnswer, writeEpochQuestion } from '../wire/election-message.ts';
import { JuteReader, JuteWriter } from '../wire/jute.ts';

export interface EpochQuestion {
  readonly sid: number;
  /** The election addresses that the configuration gives this member. */
  readonly addresses: readonly Address[];
  readonly timeoutMs: number;
}

/**
 * Asks a member for its accepted epoch, at the address that the configuration gives it. A claim through the
 * quorum port may come from anybody; only the member itself answers at this address. Calls `done` once, with
 * null when nobody answers, when another server does, or when the server does not know the question (Apache's
 * close the connection).
 */
export function askAcceptedEpoch(
  { clock, network }: { readonly clock: Clock; readonly network: Network },
  { sid, addresses, timeoutMs }: EpochQuestion,
  done: (acceptedEpoch: number | null) => void,
): { close(): void } {
  let open: Connection | undefined;
  let finished = false;
  let answer = Buffer.alloc(0);
  const finish = (acceptedEpoch: number | null): void => {
    if (finished) return;
    stop();
    done(acceptedEpoch);
  };
  const stop = (): void => {
    finished = true;
    dial.cancel();
    deadline.cancel();
    open?.destroy('the question is over');
  };
  const onData = (chunk: Buffer): void => {
    answer = Buffer.concat([answer, chunk.subarray(0, EPOCH_ANSWER_BYTES - answer.length)]);
    if (answer.length < EPOCH_ANSWER_BYTES) return;
    const said = readEpochAnswer(new JuteReader(answer));
    finish(said.sid === sid ? said.acceptedEpoch : null);
  };
  const deadline: Timer = clock.after(timeoutMs, () => finish(null));
  const dial: Timer = connectToFirst(network, addresses, timeoutMs, {
    onConnected: connection => {
      open = connection;
      connection.start({ onData, onClose: () => finish(null) });
      const writer = new JuteWriter(8);
      writeEpochQuestion(writer);
      connection.write(writer.bytes);
    },
    onError: () => finish(null),
  });
  return { close: stop };
}
