/**
 * An ensemble did not become, or is not, what it was asked to be; the message says which member lacks what.
 */
export class EnsembleError extends Error {
  override readonly name = 'EnsembleError';
}
