/** How a member is started: the command of its implementation on its host. */
import { parseCommandString } from 'execa';
import { APACHE_HINT, APACHE_MAIN_CLASS } from '../hosts/apache-zookeeper.ts';
import type { StartOptions } from '../hosts/host.ts';
import { UsageError } from '../usage-error.ts';
import type { PlannedMember } from './planned.ts';

export interface CommandOptions {
  /** Redirects what the member dials. Only zklab's server reads it. */
  readonly linkMap?: string | undefined;
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
  if (implementation === 'zklab') return zklabCommand(member, options.linkMap);
  if (implementation === 'apache') return apacheCommand(member, options.javaFlags);
  const [file = '', ...args] = parseCommandString(implementation.command).map(word =>
    word.replaceAll('{cfg}', cfgFile),
  );
  return { command: { file, args } };
}

/** Only the topology decides what a member is. Our server would also take settings from these. */
const NO_JAVA_FLAGS = { SERVER_JVMFLAGS: undefined, JVMFLAGS: undefined };

function zklabCommand({ host, cfgFile }: PlannedMember, linkMap: string | undefined): MemberCommand {
  const { file, args } = host.zklabServer();
  const links = linkMap === undefined ? [] : ['--link-map', linkMap];
  const command = { file, args: [...args, cfgFile, '--die-with-parent', ...links], env: NO_JAVA_FLAGS };
  return { command, endsWithInput: true };
}

function apacheCommand({ host, cfgFile }: PlannedMember, javaFlags = JAVA_FLAGS): MemberCommand {
  const apache = host.apacheZooKeeper();
  if (apache === undefined)
    throw new UsageError(`Apache ZooKeeper was not found on ${host.name}; to get it: ${APACHE_HINT}`);
  const { java, classPath } = apache;
  return { command: { file: java, args: [...javaFlags, '-cp', classPath, APACHE_MAIN_CLASS, cfgFile] } };
}
