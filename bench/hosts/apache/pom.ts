/** What Maven is asked for: one release of Apache ZooKeeper, and all that its server can load. */

/**
 * Its own POM calls these "provided", so Maven leaves them out: the AdminServer, its JSON, compressed
 * snapshots, metrics and command lines. Each with the first minor version of 3 that has it.
 */
const PROVIDED: readonly (readonly [since: number, group: string, artifact: string])[] = [
  [5, 'commons-cli', 'commons-cli'],
  [5, 'org.eclipse.jetty', 'jetty-server'],
  [5, 'org.eclipse.jetty', 'jetty-servlet'],
  [5, 'com.fasterxml.jackson.core', 'jackson-databind'],
  [6, 'org.xerial.snappy', 'snappy-java'],
  [6, 'io.dropwizard.metrics', 'metrics-core'],
];
/** Before 3.5 there is no list of the versions that belong together, and nothing is "provided". */
const FIRST_WITH_PARENT = 5;

/**
 * The lab configures the log lines of this logger. With a second one on the class path, it would be undefined
 * which is used.
 */
const LOGGING = '2.0.13';
const OTHER_LOGGING = [
  ['ch.qos.logback', 'logback-classic'],
  ['ch.qos.logback', 'logback-core'],
  ['org.slf4j', 'slf4j-log4j12'],
  ['org.slf4j', 'slf4j-reload4j'],
] as const;

/** @param release in the form of `isRelease` */
export function pomOf(release: string): string {
  const minor = Number(release.split('.')[1]);
  const provided = PROVIDED.filter(([since]) => minor >= since);
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>zklab</groupId>
  <artifactId>apache-zookeeper</artifactId>
  <version>${release}</version>
  <packaging>pom</packaging>
${minor >= FIRST_WITH_PARENT ? versionsOf(release) : ''}  <dependencies>
    <dependency>
      ${idOf('org.apache.zookeeper', 'zookeeper')}
      <version>${release}</version>
      <exclusions>
${OTHER_LOGGING.map(([group, artifact]) => `        <exclusion>${idOf(group, artifact)}</exclusion>`).join('\n')}
      </exclusions>
    </dependency>
${[
  ...provided.map(([, group, artifact]) => `    <dependency>${idOf(group, artifact)}</dependency>`),
  ...['slf4j-api', 'slf4j-simple'].map(
    name => `    <dependency>${idOf('org.slf4j', name)}<version>${LOGGING}</version></dependency>`,
  ),
].join('\n')}
  </dependencies>
</project>
`;
}

function versionsOf(release: string): string {
  return `  <dependencyManagement>
    <dependencies>
      <dependency>
        ${idOf('org.apache.zookeeper', 'parent')}
        <version>${release}</version>
        <type>pom</type>
        <scope>import</scope>
      </dependency>
    </dependencies>
  </dependencyManagement>
`;
}

function idOf(group: string, artifact: string): string {
  return `<groupId>${group}</groupId><artifactId>${artifact}</artifactId>`;
}
