/** A child with an IPC channel, as execa starts it. */
export interface IpcChild extends PromiseLike<unknown> {
  readonly connected: boolean;
  disconnect(): void;
  kill(signal: NodeJS.Signals): boolean;
}

const CLOSE_MAX_MS = 5_000;

/** Closes the channel, whose end tells the child to end. One that stands still is killed in the end. */
export async function closeChild(child: IpcChild): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MAX_MS);
  if (child.connected) child.disconnect();
  await child;
  clearTimeout(timer);
}
