/**
 * A load that could not be run, by a driver that can run the next: no session was given, as in the midst of
 * an election.
 */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}
