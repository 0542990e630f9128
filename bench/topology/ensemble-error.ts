/** An ensemble did not form, or is not as requested. The message says which member lacks what. */
export class EnsembleError extends Error {
  override readonly name = 'EnsembleError';
}
