/**
 * For a child with an IPC channel: the child ends when the channel closes, however its parent died, and also
 * when it closed before this call.
 */
export function endWithParent(): void {
  const end = (): void => process.exit(0);
  process.once('disconnect', end);
  // The event loop runs while modules load, so the event may already have passed when the parent was killed.
  // Without a channel, `connected` is undefined.
  if (process.connected === false) end();
}
