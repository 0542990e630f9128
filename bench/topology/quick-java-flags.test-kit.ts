/** A JVM's own choices of compiler and collector cost a server that lives for seconds more than they give. */
export const QUICK_JAVA_FLAGS: readonly string[] = [
  '-Xmx128m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
];
