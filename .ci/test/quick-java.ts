import process from 'node:process';

/**
 * Where the runner says which archive of classes a JVM maps.
 *
 * @param release of Apache ZooKeeper. @default the one that the machine has
 * @see java-classes.ts
 */
export function javaClassesVariable(release?: string): string {
  return release === undefined ? 'ZKLAB_JAVA_CLASSES' : `ZKLAB_JAVA_CLASSES_${release.replaceAll('.', '_')}`;
}

/**
 * Flags of a JVM that lives for seconds: its own choices of compiler and collector cost more than they give.
 *
 * @param heapMiB the largest heap
 * @param release of Apache ZooKeeper, if it is not the one that the machine has
 */
export function quickJava(heapMiB: number, release?: string): string[] {
  const classes = process.env[javaClassesVariable(release)];
  const archive = classes ? [`-XX:SharedArchiveFile=${classes}`] : [];
  return [`-Xmx${heapMiB}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', ...archive];
}
