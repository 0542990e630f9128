/** A JVM's own choices of compiler and collector cost more than they give to a server that lives for seconds. */
export const QUICK_JAVA_FLAGS: readonly string[] = [
  '-Xmx128m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
];
