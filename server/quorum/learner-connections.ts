import type { LearnerHandler } from './learner-handler.ts';

/** Connections to a master that have not said who they are; beyond this the oldest goes. As many as may wait to be accepted. */
export const UNNAMED_LEARNERS_MAX = 1024;

/** Called after each new connection: strangers that stay silent must not use up the descriptors that the log needs. */
export function boundUnnamed(handlers: Iterable<LearnerHandler>): void {
  let oldest: LearnerHandler | undefined;
  let unnamed = 0;
  for (const handler of handlers) {
    if (handler.named) continue;
    oldest ??= handler;
    unnamed++;
  }
  if (unnamed > UNNAMED_LEARNERS_MAX) oldest?.close('too many connections that have not said who they are');
}
