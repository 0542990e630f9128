/**
 * A load that could not be run, though the next one can: no session was given, for example during an
 * election, or the process that should have sent it ended.
 */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

/** A load that could not be run because the servers gave no session. Under a fault that is a finding. */
export class NoSessionError extends LoadError {}
