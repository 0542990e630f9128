/**
 * A load that could not be run, though the next one can: no session was given, for example during an
 * election, or the process that should have sent it ended.
 */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}
