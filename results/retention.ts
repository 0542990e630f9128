/** Which folders of runs are removed, so that nights do not fill a disk. */

export interface KeptFolder {
  readonly path: string;
  /** Ms since 1970. */
  readonly at: number;
  readonly bytes: number;
  /** The folder has something that a person has not seen yet, so only its age removes it. */
  readonly isPinned: boolean;
}

export interface RetentionLimits {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

/** Those that are too old; then, oldest first, those that are not pinned, until the rest is small enough. */
export function surplus(
  folders: readonly KeptFolder[],
  { maxAgeMs, maxBytes }: RetentionLimits,
  nowMs: number,
): KeptFolder[] {
  const oldestFirst = [...folders].sort((a, b) => a.at - b.at);
  const old = oldestFirst.filter(({ at }) => nowMs - at > maxAgeMs);
  let bytes = sum(oldestFirst) - sum(old);
  const large = oldestFirst.filter(folder => {
    if (old.includes(folder) || folder.isPinned || bytes <= maxBytes) return false;
    bytes -= folder.bytes;
    return true;
  });
  return [...old, ...large];
}

function sum(folders: readonly KeptFolder[]): number {
  return folders.reduce((all, { bytes }) => all + bytes, 0);
}
