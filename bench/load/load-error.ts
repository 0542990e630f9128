/**
 * A load that could not be run by a driver that can run the next one: no session was given, for example
 * during an election.
 */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}
