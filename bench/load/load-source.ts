/** What sends the requests of a load. */
export interface LoadSource {
  /** Resolves when the load can begin. @throws SessionError when a session cannot be opened */
  open(): Promise<void>;
  /** Begins to send. Returns what ends it. Times are on the clock of `performance.now()`. */
  start(startMs: number): () => void;
  /** Operations under way. */
  readonly inFlight: number;
  /** Ends all sessions. What is not answered by then is unknown. */
  close(): Promise<void>;
}
