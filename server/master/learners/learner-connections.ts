import { oldestOfBusiestHost } from '../../runtime/busiest-host.ts';
import type { LearnerHandler } from './learner-handler.ts';

/** Limit on connections to a master that have not said who they are: as many as may wait to be accepted. */
export const UNNAMED_LEARNERS_MAX = 1024;
/** Limit on connections of learners that are no voters of the configuration, synced or not. */
export const OTHER_LEARNERS_MAX = 2048;
/** Limit on the partial packets that those learners have sent, all together. */
export const OTHER_PACKETS_BYTES_MAX = 64 * 1024 * 1024;
/** A partial packet counts from this size on: the bytes of one chunk are no reason to examine all others. */
const PARTIAL_BYTES_MIN = 64 * 1024;

/**
 * Called after each new connection: strangers must not use up the descriptors that the log needs. The host
 * with most connections loses one, so a host with thousands ends no connection but its own.
 */
export function boundUnnamed(handlers: Iterable<LearnerHandler>): void {
  const unnamed = [...handlers].filter(handler => !handler.named);
  if (unnamed.length > UNNAMED_LEARNERS_MAX)
    oldestOfBusiestHost(unnamed, hostOf)?.close('too many connections that have not said who they are');
}

/**
 * Called when one more connection has said that it is a learner without a vote. An observer at its own
 * address is closed only when all learners are at theirs.
 */
export function boundOthers(
  handlers: Iterable<LearnerHandler>,
  isVoter: (handler: LearnerHandler) => boolean,
): void {
  const others = [...handlers].filter(handler => handler.named && !isVoter(handler));
  if (others.length <= OTHER_LEARNERS_MAX) return;
  const strangers = others.filter(handler => !handler.isAtItsAddress);
  oldestOfBusiestHost((strangers.length > 0 ? strangers : others).reverse(), hostOf)?.close(
    `${others.length} learners that do not vote are connected`,
  );
}

/**
 * Called when a learner without a vote has sent a part of a packet. When all of them have sent too much, the
 * one that has sent most goes.
 */
export function boundPackets(
  sender: LearnerHandler,
  handlers: Iterable<LearnerHandler>,
  isVoter: (handler: LearnerHandler) => boolean,
): void {
  if (sender.inputBytesKept < PARTIAL_BYTES_MIN) return;
  let bytes = 0;
  let greediest = sender;
  for (const handler of handlers) {
    if (isVoter(handler)) continue;
    bytes += handler.inputBytesKept;
    if (handler.inputBytesKept > greediest.inputBytesKept) greediest = handler;
  }
  if (bytes <= OTHER_PACKETS_BYTES_MAX) return;
  const kept = greediest.inputBytesKept;
  greediest.close(
    `${bytes} bytes of packets of learners that do not vote are not whole, ${kept} of them of this one`,
  );
}

function hostOf({ host }: LearnerHandler): string {
  return host;
}
