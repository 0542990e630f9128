/** An invalid request. The message names the thing, its value and what is accepted. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
