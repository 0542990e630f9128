/** How a member is started: the command of its implementation on its host. */
import { parseCommandString } from 'execa';
import { APACHE_MAIN_CLASS, apacheHint } from '../hosts/apache-zookeeper.ts';
import type { StartOptions } from '../hosts/host.ts';
import { UsageError } from '../usage-error.ts';
import { type ApacheServer, isApache, releaseOf } from './implementation.ts';
import type { PlannedMember } from './planned.ts';

export interface CommandOptions {
  /** Redirects what the member dials. Only zklab's server reads it. */
  readonly linkMap?: string | undefined;
  /** A SOCKS5 server through which a Java process dials: host:port. Only Apache's server gets it. */
  readonly socks?: string | undefined;
  /** Where zklab's server reads which faults to inject into itself. @default it has no such switch */
  readonly faultFile?: string | undefined;
  /** @default JAVA_FLAGS */
  readonly javaFlags?: readonly string[];
}

export const JAVA_FLAGS: readonly string[] = [
  '-Xmx256m',
  '-Djava.awt.headless=true',
  // Otherwise a JVM that ran out of memory would remain without doing anything.
  '-XX:+ExitOnOutOfMemoryError',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];

export type MemberCommand = Pick<StartOptions, 'command' | 'endsWithInput'>;

/** @throws UsageError when the host lacks what the implementation needs */
export function memberCommand(member: PlannedMember, options: CommandOptions = {}): MemberCommand {
  const { implementation, cfgFile } = member;
  if (implementation === 'zklab') return zklabCommand(member, options);
  if (isApache(implementation)) return apacheCommand(member, implementation, options);
  const [file = '', ...args] = parseCommandString(implementation.command).map(word =>
    word.replaceAll('{cfg}', cfgFile),
  );
  return { command: { file, args } };
}

/** Only the topology decides what a member is. Our server would also take settings from these. */
const NO_JAVA_FLAGS = { SERVER_JVMFLAGS: undefined, JVMFLAGS: undefined };

function zklabCommand({ host, cfgFile }: PlannedMember, options: CommandOptions): MemberCommand {
  const { linkMap, faultFile } = options;
  const { file, args } = host.zklabServer();
  const links = linkMap === undefined ? [] : ['--link-map', linkMap];
  const faults = faultFile === undefined ? [] : ['--inject-faults', faultFile];
  const words = [...args, cfgFile, '--die-with-parent', ...links, ...faults];
  const command = { file, args: words, env: NO_JAVA_FLAGS };
  return { command, endsWithInput: true };
}

function apacheCommand(
  { host, cfgFile }: PlannedMember,
  implementation: ApacheServer,
  { javaFlags = JAVA_FLAGS, socks }: CommandOptions,
): MemberCommand {
  const release = releaseOf(implementation);
  const apache = host.apacheZooKeeper(release);
  if (apache === undefined)
    throw new UsageError(
      `Apache ZooKeeper ${release === undefined ? '' : `${release} `}was not found on ${host.name}; to get it: ${apacheHint(release)}`,
    );
  const { java, classPath } = apache;
  const args = [...javaFlags, ...socksFlags(socks), '-cp', classPath, APACHE_MAIN_CLASS, cfgFile];
  return { command: { file: java, args } };
}

function socksFlags(socks: string | undefined): string[] {
  if (socks === undefined) return [];
  const [host, port] = socks.split(':');
  // Without the last one Java dials loopback addresses directly.
  return [`-DsocksProxyHost=${host}`, `-DsocksProxyPort=${port}`, '-DsocksNonProxyHosts='];
}
