/**
 * The system properties that zkServer.sh hands to the JVM of a server: those of SERVER_JVMFLAGS, then of
 * JVMFLAGS, then of the command line. The last of one name counts. Like the script, this reads no quotes.
 */
export function systemProperties(
  env: Readonly<Record<string, string | undefined>>,
  flags: readonly string[],
): Map<string, string> {
  const words = [env.SERVER_JVMFLAGS, env.JVMFLAGS].flatMap(text => (text ?? '').split(/\s+/));
  const properties = new Map<string, string>();
  for (const word of [...words, ...flags]) {
    if (!isJavaFlag(word)) continue;
    const [name = '', ...value] = word.slice('-D'.length).split('=');
    properties.set(name, value.join('='));
  }
  return properties;
}

/** `-Dname=value`, as the JVM takes it. */
export function isJavaFlag(word: string): boolean {
  return /^-D[^=]/.test(word);
}
