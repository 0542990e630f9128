import process from 'node:process';

/** Where the runner says which archive of classes a JVM maps. @see java-classes.ts */
export const JAVA_CLASSES_VARIABLE = 'ZKLAB_JAVA_CLASSES';

/**
 * Flags of a JVM that lives for seconds: its own choices of compiler and collector cost more than they give.
 *
 * @param heapMiB the largest heap
 */
export function quickJava(heapMiB: number): string[] {
  const classes = process.env[JAVA_CLASSES_VARIABLE];
  const archive = classes ? [`-XX:SharedArchiveFile=${classes}`] : [];
  return [`-Xmx${heapMiB}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', ...archive];
}
