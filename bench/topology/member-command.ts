/** How a member is started: the command of its implementation, and its guard against outliving the lab. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseCommandString } from 'execa';
import { type Command, diesWithParent } from '../hosts/dies-with-parent.ts';
import { UsageError } from '../usage-error.ts';
import { APACHE_HINT, APACHE_MAIN_CLASS, findApacheZooKeeper } from './apache-zookeeper.ts';
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

/** @throws UsageError when this machine lacks what the implementation needs */
export function memberCommand(member: PlannedMember, options: CommandOptions = {}): Command {
  const { implementation, cfgFile } = member;
  if (implementation === 'zklab') return zklabCommand(cfgFile, options.linkMap);
  if (implementation === 'apache') return diesWithParent(apacheCommand(cfgFile, options.javaFlags));
  const [file = '', ...args] = parseCommandString(implementation.command).map(word =>
    word.replaceAll('{cfg}', cfgFile),
  );
  return diesWithParent({ file, args });
}

/** Only the topology decides what a member is. Our server would also take settings from these. */
const NO_JAVA_FLAGS = { SERVER_JVMFLAGS: undefined, JVMFLAGS: undefined };

/** It watches its own standard input, so it needs no guard. */
function zklabCommand(cfgFile: string, linkMap: string | undefined): Command {
  const main = fileURLToPath(new URL('../../server/main.js', import.meta.url));
  if (!existsSync(main)) throw new UsageError(`${main} is missing; run "npm run build" to make it`);
  const links = linkMap === undefined ? [] : ['--link-map', linkMap];
  return {
    file: process.execPath,
    args: [main, cfgFile, '--die-with-parent', ...links],
    env: NO_JAVA_FLAGS,
  };
}

function apacheCommand(cfgFile: string, javaFlags = JAVA_FLAGS): Command {
  const apache = findApacheZooKeeper();
  if (apache === undefined)
    throw new UsageError(`Apache ZooKeeper was not found on this machine; to get it: ${APACHE_HINT}`);
  return { file: apache.java, args: [...javaFlags, '-cp', apache.classPath, APACHE_MAIN_CLASS, cfgFile] };
}
