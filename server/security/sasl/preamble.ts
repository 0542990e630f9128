import { readEpochQuestion, readInitialMessage } from '../../wire/election-message.ts';
import { JuteError, JuteReader } from '../../wire/jute.ts';

/**
 * Length of what a peer sends before SASL; undefined while that is incomplete. `isAll`: nothing follows it,
 * and a peer that authenticates does so before. @throws JuteError when it is not what the port is for
 */
export type Preamble = (bytes: Buffer) => { readonly bytes: number; readonly isAll: boolean } | undefined;

/** On a quorum port or an observer master port, SASL comes first. */
export const noPreamble: Preamble = () => ({ bytes: 0, isAll: false });

/**
 * On an election port, the dialling side first says who it is. A question for the accepted epoch comes after
 * SASL.
 */
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
