import { readEpochQuestion, readInitialMessage } from '../../wire/election-message.ts';
import { JuteError, JuteReader } from '../../wire/jute.ts';

/**
 * How long what a peer says before SASL is; undefined while it is not whole. `isAll`: nothing follows it, and
 * a peer that authenticates does so before. @throws JuteError when it is not what the port is for
 */
export type Preamble = (bytes: Buffer) => { readonly bytes: number; readonly isAll: boolean } | undefined;

/** A quorum port, an observer master: SASL comes first. */
export const noPreamble: Preamble = () => ({ bytes: 0, isAll: false });

/** An election port: who dials says first who it is. A question for the accepted epoch comes after SASL. */
export const electionPreamble: Preamble = bytes => {
  const reader = new JuteReader(bytes);
  try {
    const isAll = readEpochQuestion(reader);
    if (!isAll) readInitialMessage(reader);
    return { bytes: reader.offset, isAll };
  } catch (error) {
    if (error instanceof JuteError && error.short) return undefined;
    throw error;
  }
};
