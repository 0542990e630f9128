/**
 * For a child with an IPC channel: it ends when that closes, however its parent died, and also when it closed
 * before this.
 */
export function endWithParent(): void {
  const end = (): void => process.exit(0);
  process.once('disconnect', end);
  // Modules load while the loop turns: a parent that was killed meanwhile is not told of again. Undefined
  // without a channel.
  if (process.connected === false) end();
}
